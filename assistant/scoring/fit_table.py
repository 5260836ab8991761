"""What a fit tried and how it did: the table that ``assistant fit`` prints and keeps with the model."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, kw_only=True)
class FitRow:
    """One line of the table: what was tried and how it did on validation."""

    name: str
    ndcg: float
    hit: float
    settings: str = ""
    used: bool = False


@dataclass(frozen=True, kw_only=True)
class FitTable:
    """What was tried, and what won."""

    rows: tuple[FitRow, ...]
    chosen: str
    n_validated: int
    note: str = ""
    weights: dict[str, float] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """As JSON has it."""
        return asdict(self)

    def __str__(self) -> str:
        if not self.rows:
            return f"chosen: {self.chosen}. {self.note[:1].upper()}{self.note[1:]}"
        lines = [f"{'on validation':34s} nDCG@10  hit@10"]
        lines += [f"{row.name:34s} {row.ndcg:.4f}   {row.hit:.4f}{'  *' if row.used else ''}" for row in self.rows]
        lines.append(
            f"chosen: {self.chosen} ({self.n_validated:,} users validated){'. ' + self.note if self.note else ''}"
        )
        return "\n".join(lines)
