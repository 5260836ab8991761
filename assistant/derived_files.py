"""The derived tables on disk: made once for a state of the catalogue, mapped into memory by every process after that.

One file in ``derived/`` of the data folder, named for the state of the store and for the code that made it: another
catalogue, embedder or version of the program looks for another file. It is written beside and moved into place, checked
against its checksum whenever it is opened, and made again when it is missing or damaged, so it never needs any care. It
holds JSON and plain arrays, nothing that could run.
"""

from __future__ import annotations

import inspect
import logging
import mmap
import struct
import time
import unicodedata
import uuid
import zlib
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson

from assistant.derived import Tables
from assistant.deriving import derive
from assistant.faithfulness.lexicon import Lexicon
from assistant.faithfulness.records import families_of
from assistant.faithfulness.text import stem
from assistant.faithfulness.vocabulary import vocabulary
from assistant.records import item_from_record
from assistant.scoring.base import LabelRows
from assistant.text import fold
from assistant.types import is_translation

if TYPE_CHECKING:
    from assistant.store import Store

FOLDER = "derived"
MAGIC = b"catalog1"
_HEAD = struct.Struct("<8sQI")
"""Magic, length of the document, checksum of everything behind."""
_ALIGNED = 64
"""Bytes at whose multiples arrays begin."""
ABANDONED_SECONDS = 3600.0
"""What another process began to write so long ago, it will not finish."""
_DATA = ("opinions.txt", "relations.txt")
"""Word lists of the claim checker on which the lexicon depends."""

_log = logging.getLogger(__name__)


def load_tables(store: Store) -> tuple[int, Tables]:
    """(version of the catalogue, its tables) as the store holds it now; made and kept where they are not yet."""
    while True:
        version, key = store.catalogue_state()
        path = store.folder / FOLDER / f"{version}-{key}-{_code()}.tables"
        tables = read_tables(path) if path.exists() else None
        if tables is None:
            tables = _derived(store)
            if store.catalogue_state() != (version, key):
                continue  # indexed between two reads
            try:
                write_tables(path, tables)
                tables = read_tables(path) or tables  # memory that processes share
            except OSError as error:
                _log.warning(
                    "what is derived from the catalogue is made at every start, as it cannot be kept: %s", error
                )
        return version, tables


def _derived(store: Store) -> Tables:
    dim = int(store.meta("embedder_dim") or 0)
    embedder = store.meta("embedder") or ""
    return derive(store.items(), store.vectors(embedder, dim), store.passages(embedder, dim))


@cache
def _code() -> str:
    """A digest of the code that makes tables, and of the Unicode that it folds by, so that no others are read."""
    makers = (derive, Tables, fold, item_from_record, is_translation, LabelRows, Lexicon, families_of, vocabulary, stem)
    digest = sha256(unicodedata.unidata_version.encode())
    for path in dict.fromkeys(inspect.getfile(inspect.unwrap(maker)) for maker in makers):
        digest.update(Path(path).read_bytes())
    for name in _DATA:
        digest.update(resources.files("assistant.faithfulness").joinpath("data", name).read_bytes())
    return digest.hexdigest()[:16]


def write_tables(path: Path, tables: Tables) -> None:
    """Write beside and move into place; what other states have left in the folder is removed. Raises ``OSError``."""
    document, arrays = tables.parts()
    places, at = {}, 0
    for name, values in arrays.items():
        places[name] = [values.dtype.str, list(values.shape), at]
        at += -(-values.nbytes // _ALIGNED) * _ALIGNED
    told = orjson.dumps({"arrays": places, "document": document})
    told += b" " * (-(_HEAD.size + len(told)) % _ALIGNED)
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_name(f".{uuid.uuid4().hex}.new")
    try:
        with fresh.open("wb") as file:
            file.write(_HEAD.pack(MAGIC, len(told), 0))
            checksum = zlib.crc32(told)
            file.write(told)
            for values in arrays.values():
                piece = np.ascontiguousarray(values).reshape(-1).view(np.uint8).data
                blank = bytes(-len(piece) % _ALIGNED)
                checksum = zlib.crc32(blank, zlib.crc32(piece, checksum))
                file.write(piece)
                file.write(blank)
            file.seek(0)
            file.write(_HEAD.pack(MAGIC, len(told), checksum))
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    for other in path.parent.iterdir():
        with suppress(OSError):  # another process was faster, or an operating system keeps files that are mapped
            if other != path and (other.suffix == ".tables" or _is_abandoned(other)):
                other.unlink()


def _is_abandoned(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > ABANDONED_SECONDS


def read_tables(path: Path) -> Tables | None:
    """The tables of a file, mapped into memory; None, and a warning, where it is not what was written."""
    try:
        with path.open("rb") as file:
            mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        magic, length, checksum = _HEAD.unpack_from(mapped)
        if magic != MAGIC or zlib.crc32(mapped[_HEAD.size :]) != checksum:
            raise ValueError("its checksum is another one")
        first = _HEAD.size + length
        told = orjson.loads(mapped[_HEAD.size : first])
        arrays = {
            name: np.frombuffer(mapped, dtype, count=int(np.prod(shape)), offset=first + at).reshape(shape)
            for name, (dtype, shape, at) in told["arrays"].items()
        }
        return Tables.of_parts(told["document"], arrays)
    except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
        _log.warning("%s is made again, as it cannot be read: %s", path, error)
        return None
