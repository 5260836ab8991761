"""The folder around a Chroma index: who has it open, which generation is current, was it closed cleanly.

::

    FOLDER/
        LOCK            locked by the process that has the folder open; the system frees it when that process dies
        LOCK.holder     its pid, for the message to others
        CURRENT         name of the generation that serves; replaced by a rename
        g-1f2e3d4c/     a generation: written once, then served
            manifest.json   what it was built from
            CLEAN           sizes of Chroma's files at the last clean close; absent while it is open
            chroma/         Chroma's own files

A build writes a new generation and renames ``CURRENT`` last, so that a killed build leaves the old one serving.
"""

from __future__ import annotations

import importlib.metadata
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from vectorstore.errors import StoreDamagedError, StoreLockedError, StoreStaleError

if TYPE_CHECKING:
    from filelock import BaseFileLock

_PREFIX = "g-"


class Manifest(BaseModel):
    """What a generation was built from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    fingerprint: str
    chromadb: str
    """Version of chromadb that wrote it: another one does not open it, it builds anew."""
    settings: str
    """The settings of the index, as text."""
    dim: int
    count: int
    """Vectors at the end of the build."""

    def require(self, *, fingerprint: str, settings: str, where: Path) -> None:
        """Raises ``StoreStaleError`` when it was built from anything else."""
        for what, built, wanted in (
            ("fingerprint", self.fingerprint, fingerprint),
            ("version of chromadb", self.chromadb, importlib.metadata.version("chromadb")),
            ("settings", self.settings, settings),
        ):
            if built != wanted:
                raise StoreStaleError(
                    f"The vector index in {str(where)!r} is stale: its {what} is {built!r}, now {wanted!r}. "
                    "Build it again."
                )


class CleanClose(BaseModel):
    """Chroma's files as they were when the generation was last closed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int
    sizes: dict[str, int]
    """Bytes of each file, by its path below ``chroma/``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """One build of the index."""

    path: Path

    @property
    def chroma(self) -> Path:
        return self.path / "chroma"

    def manifest(self) -> Manifest:
        """Raises ``StoreDamagedError``."""
        try:
            return Manifest.model_validate_json((self.path / "manifest.json").read_bytes())
        except (OSError, ValidationError) as error:
            raise StoreDamagedError(
                f"The vector index in {str(self.path)!r} has no readable manifest ({error}). Build it again."
            ) from error

    def write_manifest(self, manifest: Manifest) -> None:
        write_durably(self.path / "manifest.json", manifest.model_dump_json())

    def mark_open(self) -> CleanClose | None:
        """Say that it is open; returns how it was closed, or None when it was not (its process died)."""
        clean = self.closed()
        (self.path / "CLEAN").unlink(missing_ok=True)
        return clean

    def closed(self) -> CleanClose | None:
        """How it was closed, or None when it is open or its process died."""
        try:
            return CleanClose.model_validate_json((self.path / "CLEAN").read_bytes())
        except (OSError, ValidationError):
            return None

    def mark_closed(self, count: int) -> None:
        write_durably(self.path / "CLEAN", CleanClose(count=count, sizes=self.sizes()).model_dump_json())

    def sizes(self) -> dict[str, int]:
        """Bytes of each of Chroma's files."""
        files = (file for file in self.chroma.rglob("*") if file.is_file())
        return {file.relative_to(self.chroma).as_posix(): file.stat().st_size for file in files}

    def flush(self) -> None:
        """Have the system write every file to the disk."""
        for file in self.chroma.rglob("*"):
            if file.is_file():
                with file.open("rb+") as stream:
                    os.fsync(stream.fileno())


def current(folder: Path) -> Generation:
    """The generation that serves. Raises ``StoreStaleError`` when nothing was built, ``StoreDamagedError``."""
    try:
        name = (folder / "CURRENT").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise StoreStaleError(f"There is no vector index in {str(folder)!r} yet. Build it.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreDamagedError(
            f"{str(folder / 'CURRENT')!r} cannot be read ({error}). Build the index again."
        ) from error
    path = folder / name
    if not name.startswith(_PREFIX) or path.parent != folder or not path.is_dir():
        raise StoreDamagedError(
            f"{str(folder / 'CURRENT')!r} names the generation {name!r}, which is not there. Build the index again."
        )
    return Generation(path=path)


def new_generation(folder: Path) -> Generation:
    generation = Generation(path=folder / f"{_PREFIX}{secrets.token_hex(4)}")
    generation.chroma.mkdir(parents=True)
    return generation


def serve(folder: Path, generation: Generation) -> None:
    """Make ``generation`` the current one, at once or not at all."""
    write_durably(folder / "CURRENT", generation.path.name)


REMOVE_TRIES = 40
REMOVE_PAUSE = 0.05
"""Seconds between two tries to remove a folder; one that does not go is tried again by the next build."""


def remove_others(folder: Path, keep: set[Path]) -> None:
    """Remove every generation but those in ``keep``: replaced ones, and what killed builds left."""
    for path in folder.glob(f"{_PREFIX}*"):
        if path not in keep and path.is_dir():
            for _ in range(REMOVE_TRIES):  # a client that was just closed may still be writing its last files
                shutil.rmtree(path, ignore_errors=True)
                if not path.exists():
                    break
                time.sleep(REMOVE_PAUSE)


def write_durably(path: Path, text: str) -> None:
    """Write a small file so that after a crash it is there with the old text or with the new one."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    with beside.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
    if os.name == "posix":
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


@dataclass(kw_only=True, slots=True)
class _Held:
    lock: BaseFileLock
    pid: int
    users: int


_guard = threading.RLock()
_held: dict[Path, _Held] = {}


def hold(folder: Path) -> None:
    """Hold the lock of ``folder`` in this process, at once or not at all; every ``hold`` needs a ``release``.

    Raises ``StoreLockedError`` with the pid of the process that has it.
    """
    from filelock import FileLock, Timeout

    with _guard:
        held = _held.get(folder)
        if held is not None and held.pid != os.getpid():
            # This process was forked from the holder and inherited its lock without the right to it.
            raise _locked(folder, held.pid)
        if held is not None:
            held.users += 1
            return
        folder.mkdir(parents=True, exist_ok=True)
        # Not thread-local: the thread that closes a store need not be the one that opened it.
        lock = FileLock(folder / "LOCK", timeout=0, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            raise _locked(folder, _holder(folder)) from None
        (folder / "LOCK.holder").write_text(str(os.getpid()), encoding="utf-8")
        _held[folder] = _Held(lock=lock, pid=os.getpid(), users=1)


def release(folder: Path) -> None:
    """Undo one ``hold``; the last one frees the lock."""
    with _guard:
        held = _held.get(folder)
        if held is None or held.pid != os.getpid():
            return
        held.users -= 1
        if held.users == 0:
            del _held[folder]
            (folder / "LOCK.holder").unlink(missing_ok=True)
            held.lock.release()


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    hold(folder)
    try:
        yield
    finally:
        release(folder)


def _holder(folder: Path) -> int | None:
    try:
        return int((folder / "LOCK.holder").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _locked(folder: Path, pid: int | None) -> StoreLockedError:
    who = f"process {pid}" if pid is not None else "another process"
    return StoreLockedError(
        f"The vector index in {str(folder)!r} is open in {who}, and only one process at a time may open it. "
        "Close that one, or send your requests to it.",
        pid=pid,
    )
