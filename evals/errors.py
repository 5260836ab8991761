"""Errors of the evaluation.

::

    AssistantError
    ├── UserError
    │   └── EvaluationError   the evaluation cannot be made as it was asked for
    └── DataError
        └── LeakageError      something fitted could have seen what it is tested on
"""

from __future__ import annotations

from assistant.errors import DataError, UserError


class EvaluationError(UserError):
    """The evaluation cannot be made as it was asked for."""


class LeakageError(DataError):
    """Something that was fitted could have seen a held-out event."""
