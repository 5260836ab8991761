"""The state of a data folder: its soundness, its fitted models, its business rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from assistant.documents.base import Document, JsonValue, Score, jsonable

if TYPE_CHECKING:
    from assistant.fitting import FitReport


class FindingDocument(Document):
    """One thing that ``doctor`` looked at."""

    name: str
    ok: bool
    detail: str
    mend: str | None
    """What to do about it."""


class DoctorDocument(Document):
    """The state of a data folder."""

    type: Literal["doctor"] = "doctor"
    data: str
    ok: bool
    mended: bool
    """Whether anything was mended before looking."""
    findings: list[FindingDocument]


class FitDocument(Document):
    """What ``fit`` did."""

    type: Literal["fitted"] = "fitted"
    data: str
    version: str
    """Of the model that is in service now."""
    events: int
    users: int
    unknown_items: int
    """Events on items that are not in the catalogue; they were left out."""
    seconds: Score
    table: dict[str, JsonValue]
    """What was tried on each user's last event, and what won."""

    @classmethod
    def of(cls, data: str, report: FitReport) -> FitDocument:
        return cls(
            data=data,
            version=report.version,
            events=report.n_events,
            users=report.n_users,
            unknown_items=report.skipped,
            seconds=round(report.seconds, 3),
            table=jsonable(report.table.document()),
        )


class RolledBackDocument(Document):
    """What ``fit --rollback`` did."""

    type: Literal["rolled_back"] = "rolled_back"
    data: str
    version: str


class RuleTouchesDocument(Document):
    """A business rule, and how many items it is about."""

    kind: str
    name: str
    items: int


class RulesCheckedDocument(Document):
    """What ``rules check`` found."""

    type: Literal["rules_checked"] = "rules_checked"
    data: str
    file: str
    catalogue: int
    """Items in the catalogue."""
    rules: list[RuleTouchesDocument]
