"""Reading rows from JSONL, CSV and Parquet files (each also gzipped), frames, and iterables of dicts."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from assistant.errors import MissingExtraError, UnknownNameError, UserError, did_you_mean

Source = str | Path | Iterable[Mapping[str, Any]] | Any
"""A path, a pandas or polars frame, or any iterable of mappings."""

csv.field_size_limit(16 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Row:
    """A row and where it came from; ``problem`` says why it could not be read."""

    file: str
    line: int
    columns: Mapping[str, Any]
    problem: str | None = None


def read_rows(source: Source) -> Iterator[Row]:
    """Every row of a source, in order. What cannot be read is a row with a ``problem``.

    Raises ``UserError`` when the source is missing or its kind is not known.
    """
    if not isinstance(source, (str, Path)):
        return _frame_rows(source)
    path = Path(source)
    if not path.is_file():
        nearby = path.parent.iterdir() if path.parent.is_dir() else ()
        raise UserError(f"There is no file {str(path)!r}.{did_you_mean(path.name, (p.name for p in nearby))}")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else suffixes[-1] if suffixes else ""
    readers = {
        ".jsonl": _jsonl_rows,
        ".ndjson": _jsonl_rows,
        ".csv": _csv_rows,
        ".tsv": _csv_rows,
        ".parquet": _parquet_rows,
    }
    if kind not in readers:
        raise UserError(
            f"{str(path)!r} is of no known kind. Give a .jsonl, .csv, .tsv or .parquet file, each also with .gz behind it."
        )
    return readers[kind](path)


def _open(path: Path) -> gzip.GzipFile | io.BufferedReader:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")


def _whole_lines(path: Path) -> Iterator[tuple[int, bytes | str]]:
    """(line number, bytes), and at the place where a gzip file is cut or damaged (line number, why)."""
    number = 0
    with _open(path) as file:
        try:
            for number, line in enumerate(file, 1):
                yield number, line
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            yield number + 1, f"the file is cut off or damaged here ({error})"


def _jsonl_rows(path: Path) -> Iterator[Row]:
    for number, line in _whole_lines(path):
        if isinstance(line, str):
            yield Row(path.name, number, {}, line)
            continue
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield Row(path.name, number, {}, f"not valid JSON: {error}")
            continue
        if isinstance(value, dict):
            yield Row(path.name, number, value)
        else:
            yield Row(path.name, number, {}, f"must be a JSON object, not {type(value).__name__}")


def _csv_rows(path: Path) -> Iterator[Row]:
    state: dict[str, tuple[int, str]] = {}

    def lines() -> Iterator[str]:
        for number, line in _whole_lines(path):
            if isinstance(line, str):
                state["cut"] = (number, line)
                return
            # An undecodable byte becomes an unpaired surrogate, so that the row can be named instead of the file refused.
            yield line.decode("utf-8-sig" if number == 1 else "utf-8", errors="surrogateescape").replace("\0", "")

    reader = csv.reader(lines(), delimiter="\t" if ".tsv" in path.name.lower() else ",")
    header: list[str] | None = None
    start = 1
    try:
        for fields in reader:
            line, start = start, reader.line_num + 1
            if header is None:
                header = [name.strip() for name in fields]
                continue
            if not fields:
                continue
            if len(fields) != len(header):
                yield Row(
                    path.name,
                    line,
                    {},
                    f"has {len(fields)} fields where the header has {len(header)}{_separator_hint(header)}",
                )
            elif any(
                "\udc80" <= character <= "\udcff" for field in fields for character in field if not field.isascii()
            ):
                yield Row(path.name, line, {}, "is not valid UTF-8")
            else:
                yield Row(path.name, line, dict(zip(header, fields, strict=True)))
    except csv.Error as error:
        yield Row(path.name, start, {}, f"not valid CSV: {error}")
    if "cut" in state:
        yield Row(path.name, state["cut"][0], {}, state["cut"][1])


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("Reading Parquet", "parquet") from error
    try:
        with _open(path) as file:
            table = parquet.ParquetFile(io.BytesIO(file.read()) if path.suffix.lower() == ".gz" else path)
        number = 0
        for batch in table.iter_batches():
            for row in batch.to_pylist():
                number += 1
                yield Row(path.name, number, row)
    except (arrow.ArrowInvalid, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(
            f"{str(path)!r} cannot be read as Parquet: {str(error).rstrip('.')}. Write it again."
        ) from error


def _plain(value: Any) -> Any:
    """numpy scalars and arrays as Python's own."""
    return value.tolist() if hasattr(value, "tolist") else value


def _frame_rows(source: Any) -> Iterator[Row]:
    """Rows of a polars frame, a pandas frame, or an iterable of mappings; frames are recognised by their methods."""
    if hasattr(source, "iter_rows"):
        rows: Iterable[Any] = source.iter_rows(named=True)
    elif hasattr(source, "itertuples"):
        names = [str(name) for name in source.columns]
        rows = (dict(zip(names, values, strict=True)) for values in source.itertuples(index=False, name=None))
    else:
        rows = source
    for number, row in enumerate(rows, 1):
        if isinstance(row, Mapping):
            yield Row("row", number, {str(name): _plain(value) for name, value in row.items()})
        else:
            yield Row("row", number, {}, f"must be a mapping of column to value, not {type(row).__name__}")


def _separator_hint(columns: Sequence[str]) -> str:
    """What may be wrong with a header that is read as a single column."""
    for mark in (";", "|", "\t", ","):
        if len(columns) == 1 and mark in columns[0]:
            return (
                f" The columns are one: is the file separated by {mark!r}? It must be by commas, a .tsv file by tabs."
            )
    return ""


def require_column(field: str, column: str, *tables: Sequence[str]) -> None:
    """Raise ``UnknownNameError`` unless ``column``, which ``field`` is to be read from, is a column of one of ``tables``."""
    columns = list(dict.fromkeys(column for table in tables for column in table))
    if column not in columns:
        raise UnknownNameError(
            f"There is no column {column!r} to read {field!r} from.{did_you_mean(column, columns)} "
            f"The columns are: {', '.join(map(repr, columns))}.{''.join(map(_separator_hint, tables))}"
        )


def resolve_columns(
    columns: Iterable[str],
    fields: Iterable[str],
    aliases: Mapping[str, tuple[str, ...]],
    mapping: Mapping[str, str],
    required: Iterable[str],
    *,
    further: bool = True,
) -> dict[str, str]:
    """``{column: contract name}`` for every column that is read under another name.

    A column may also be mapped to a field by an alias of it, and, if there are ``further`` fields beside ``fields``, to any
    name that is no misspelling of one. Raises ``UnknownNameError`` for a mapped column or field that does not exist, and
    for a required field without a column.
    """
    columns = list(columns)
    fields = list(fields)
    meant = {name: field for field, names in aliases.items() for name in names}
    renamed: dict[str, str] = {}
    for field, column in mapping.items():
        require_column(field, column, columns)
        known = field in fields or field in meant or (further and field.startswith("creators:"))
        hint = did_you_mean(field, [*fields, *meant])
        if not known and (hint or not further):
            raise UnknownNameError(f"There is no field {field!r}.{hint} The fields are: {', '.join(fields)}.")
        renamed[column] = field if field in fields or meant.get(field) in mapping else meant.get(field, field)
    taken = set(renamed.values()) | {column for column in columns if column in fields and column not in renamed}
    for field, names in aliases.items():
        if field in taken:
            continue
        for name in names:
            if name in columns and name not in renamed:
                renamed[name] = field
                break
    missing = [field for field in required if field not in taken and field not in renamed.values()]
    if missing:
        hints = "".join(did_you_mean(field, (c for c in columns if c not in renamed)) for field in missing[:1])
        raise UnknownNameError(
            f"There is no column {missing[0]!r}.{hints} Name the column it is in with: --map {missing[0]}=COLUMN (mapping={{{missing[0]!r}: COLUMN}}). "
            f"The columns are: {', '.join(map(repr, columns)) or 'none'}.{_separator_hint(columns)}"
        )
    return {column: field for column, field in renamed.items() if column != field}


def rename(columns: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """A row under contract names. A renamed column gives way to nothing: its contract name was free or mapped away."""
    mapped = set(renamed.values())
    return {renamed.get(name, name): value for name, value in columns.items() if name in renamed or name not in mapped}
