"""Log-likelihoods that were computed once, by digest, in one file of the data folder.

The file begins with a random key, and what is written is a digest under that key: who has a copy without its beginning
cannot try out which titles somebody liked. It is a cache: erasing a user removes the whole of it.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Mapping
from pathlib import Path

FILE_NAME = "likelihoods.bin"
"""In the data folder."""
MAGIC = b"likelihoods 1\n"
KEY_BYTES = 32
RECORD = struct.Struct("<16sd")
MOST_RECORDS = 500_000
"""A file of more (12 MB) is begun anew."""


class LikelihoodCache:
    """Digest to value. A file that cannot be read or written costs only the time to compute again."""

    def __init__(self, path: Path | None) -> None:
        """``path`` None keeps values in memory only. The file is made when there is something to keep."""
        self._path = path
        self._key: bytes | None = None
        self._values: dict[bytes, float] = {}

    def get(self, digest: bytes) -> float | None:
        """The value, None when it is not known."""
        self._open()
        return self._values.get(self._keyed(digest))

    def put(self, values: Mapping[bytes, float]) -> None:
        """Keep values; appended in one write, so that several processes may share the file."""
        self._open()
        fresh = {self._keyed(digest): value for digest, value in values.items()}
        self._values |= fresh
        if self._path is None:
            return
        records = b"".join(RECORD.pack(digest, value) for digest, value in fresh.items())
        try:
            # Without O_CREAT: when another process has removed the file, nothing of an erased user comes back.
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        except OSError:
            return
        try:
            os.write(handle, records)
        except OSError:  # a full disk, say
            return
        finally:
            os.close(handle)

    def _keyed(self, digest: bytes) -> bytes:
        assert self._key is not None
        return hashlib.blake2b(digest, key=self._key, digest_size=16).digest()

    def _open(self) -> None:
        if self._key is not None:
            return
        content = b"" if self._path is None else _content(self._path)
        body = content[len(MAGIC) + KEY_BYTES :]
        if (
            content.startswith(MAGIC)
            and len(content) >= len(MAGIC) + KEY_BYTES
            and len(body) < MOST_RECORDS * RECORD.size
        ):
            self._key = content[len(MAGIC) : len(MAGIC) + KEY_BYTES]
            whole = len(body) - len(body) % RECORD.size
            self._values = dict(RECORD.iter_unpack(body[:whole]))
            return
        self._key = os.urandom(KEY_BYTES)
        if self._path is not None:
            try:
                self._path.write_bytes(MAGIC + self._key)
            except OSError:
                self._path = None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def forget_likelihoods(path: Path) -> None:
    """Remove the file: after a user was erased, as profiles are in its digests. Idempotent."""
    path.unlink(missing_ok=True)
