"""The errors this package raises.

::

    AssistantError
    ├── UserError              the caller can mend it: wrong setting, name, row, or a missing extra
    │   ├── SettingsError
    │   ├── BadRowsError       rows of an input file, each with its file and line
    │   ├── UnknownNameError   an item, column, command or prompt that is not there
    │   └── MissingExtraError  an optional dependency is not installed
    ├── DataError              what lies in the data folder cannot be used as it is
    │   ├── DamagedError       the database is damaged
    │   ├── NotIndexedError
    │   ├── SchemaVersionError
    │   ├── EmbedderMismatchError
    │   ├── ModelMissingError
    │   └── IndexLockedError   another process holds the vector index
    └── ProviderError          a language model failed; carries retryable, status, retry_after
        ├── ProviderTimeout
        ├── ProviderUnavailable  refused, 5xx, rate limited, worker died, stream cut
        ├── ContextOverflow      the prompt does not fit
        ├── BadModelOutput       not valid UTF-8, not valid JSON, not the schema, empty
        └── Unsupported          the backend cannot do this (log-likelihoods over HTTP, say)

Every message says what happened, why, and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class AssistantError(Exception):
    """Base of every error of this package."""


class UserError(AssistantError):
    """Something the caller can mend."""


class SettingsError(UserError):
    """A setting has no valid value."""


class UnknownNameError(UserError):
    """A name that does not exist; the message suggests the closest that does."""


class MissingExtraError(UserError):
    """An optional dependency is needed; the message names the extra to install."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs an optional dependency that is not installed. Install it with: pip install 'recommender-assistant[{extra}]'"
        )
        self.extra = extra


@dataclass(frozen=True, kw_only=True, slots=True)
class BadRow:
    """A row that could not be used."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class BadRowsError(UserError):
    """Rows of an input that could not be used; nothing was written."""

    def __init__(self, rows: list[BadRow], total: int, *, hint: str) -> None:
        shown = "\n".join(f"  {row}" for row in rows)
        more = f"\n  … and {total - len(rows):,} more" if total > len(rows) else ""
        plural = "row" if total == 1 else "rows"
        super().__init__(f"{total:,} bad {plural}; nothing was written.\n{shown}{more}\n{hint}")
        self.rows = rows
        self.total = total


class DataError(AssistantError):
    """What lies in the data folder cannot be used as it is."""


class DamagedError(DataError):
    """The database of the folder is damaged."""


class NotIndexedError(DataError):
    """The folder holds no catalogue."""


class SchemaVersionError(DataError):
    """The folder was written by a newer version."""


class EmbedderMismatchError(DataError):
    """The stored vectors come from another embedder than the one that is set."""


class ModelMissingError(DataError):
    """A fitted ranking model is missing or damaged."""


class IndexLockedError(DataError):
    """Another process holds the vector index."""


class ProviderError(AssistantError):
    """A language model failed."""

    def __init__(
        self, message: str, *, retryable: bool = False, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.status = status
        self.retry_after = retry_after
        """Seconds, as the provider asked."""


class ProviderTimeout(ProviderError):
    """No answer within the deadline."""


class ProviderUnavailable(ProviderError):
    """Refused, overloaded, died, or cut the stream."""


class ContextOverflow(ProviderError):
    """The prompt does not fit the model's context."""


class BadModelOutput(ProviderError):
    """The answer is empty or is not what was asked for."""


class Unsupported(ProviderError):
    """The backend cannot do this."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` Did you mean 'title'?`` for the closest known name, or an empty string when none is close."""
    options = {option.casefold(): option for option in known}
    close = difflib.get_close_matches(name.casefold(), options, n=1, cutoff=0.6)
    return f" Did you mean {options[close[0]]!r}?" if close else ""
