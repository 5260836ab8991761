"""Records of a catalogue file, for the gazetteers of the claim checker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from assistant.errors import BadRow, BadRowsError
from assistant.reading import read_rows, rename, resolve_columns
from assistant.records import ITEM_ALIASES, ITEM_FIELDS, item_from_row, reason
from assistant.types import Value

_SHOWN = 20


def catalogue_records(file: Path) -> list[Mapping[str, Value]]:
    """The slots of every item of a file. Raises ``BadRowsError`` for rows that are no items."""
    rows = list(read_rows(file))
    columns = list(dict.fromkeys(name for row in rows for name in row.columns))
    renamed = resolve_columns(columns, ITEM_FIELDS, ITEM_ALIASES, {}, ("item_id", "title"))
    records: list[Mapping[str, Value]] = []
    bad: list[BadRow] = []
    for row in rows:
        try:
            if row.problem is None:
                records.append(item_from_row(rename(row.columns, renamed)).slots())
                continue
            why = row.problem
        except ValidationError as error:
            why = reason(error)
        bad.append(BadRow(file=row.file, line=row.line, reason=why))
    if bad:
        raise BadRowsError(bad[:_SHOWN], len(bad), hint="Mend them, or give another --catalogue.")
    return records
