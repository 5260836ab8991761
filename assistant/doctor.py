"""What is wrong in a data folder, and mending it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assistant.build import build_embedder
from assistant.catalogue import Catalogue
from assistant.errors import DamagedError, EmbedderMismatchError, ModelMissingError
from assistant.fitting import fit, open_ranker
from assistant.ingest import check_embedder, embed_again
from assistant.scoring.selection import FitConfig
from assistant.settings import load_settings
from assistant.store import FILE_NAME, TEXT_INDEX_PROBLEM, Store
from assistant.sync import FOLDER, fingerprint, rebuild
from vectorstore.chroma_folder import current
from vectorstore.chroma_probe import probe
from vectorstore.errors import StoreDamagedError, StoreLockedError, StoreStaleError, VectorStoreError


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The outcome of one examination."""

    name: str
    ok: bool
    detail: str
    mend: str | None = None
    """What ``mend`` would do about it; None when there is nothing to do or it cannot be mended by itself."""


def examine(data: str | Path) -> list[Finding]:
    """Look at everything in a data folder. Raises ``DataError`` when there is none or it cannot be used now."""
    folder = Path(data)
    try:
        return _examine(folder)
    except DamagedError as error:
        return [_damaged(folder, str(error.__cause__ or error))]


def _damaged(folder: Path, problem: str) -> Finding:
    """What remains to be done is the owner's to decide, since events may be lost by it."""
    path = str(folder / FILE_NAME)
    detail = (
        f"{path!r} is damaged: {problem}. Put a copy of it in its place if you have one. If not, save what SQLite can "
        f"still read (sqlite3 {path} .recover > saved.sql), move the file and those beside it that begin with its name "
        f"away, and index again with: assistant index ITEMS --interactions EVENTS --data {folder}"
    )
    return Finding(name="database", ok=False, detail=detail)


def _examine(folder: Path) -> list[Finding]:
    findings: list[Finding] = []
    with Store(folder) as store:
        problems = store.check()
        if problems and problems != [TEXT_INDEX_PROBLEM]:
            return [_damaged(folder, "; ".join(problems))]
        findings.append(
            Finding(
                name="database",
                ok=not problems,
                detail="; ".join(problems) or "sound",
                mend="build the text index again" if problems else None,
            )
        )
        catalogue = Catalogue.load(store)
        findings.append(_catalogue(store, catalogue))
        findings.append(_vectors(store, catalogue, folder))
        findings.append(_index(store))
        findings.append(_events(store, catalogue))
        findings.append(_ranking(store, catalogue))
    return findings


def mend(data: str | Path) -> list[Finding]:
    """Mend what can be mended, then examine again."""
    folder = Path(data)
    for finding in examine(folder):
        if finding.ok or finding.mend is None:
            continue
        with Store(folder) as store:
            _MENDERS[finding.name](store, folder)
    return examine(folder)


def _catalogue(store: Store, catalogue: Catalogue) -> Finding:
    indexed = store.text_count()
    ok = indexed == len(catalogue) > 0
    if not len(catalogue):
        detail = f"no items; index some with: assistant index ITEMS --data {store.folder}"
    elif ok:
        detail = f"{len(catalogue):,} items"
    else:
        detail = f"{len(catalogue):,} items, of which {indexed:,} can be found by words"
    return Finding(
        name="catalogue", ok=ok, detail=detail, mend=None if ok or not len(catalogue) else "build the text index again"
    )


def _vectors(store: Store, catalogue: Catalogue, folder: Path) -> Finding:
    vectors = store.vectors(store.meta("embedder") or "", int(store.meta("embedder_dim") or 0))
    missing = int((vectors == 0).all(axis=1).sum()) if vectors.size else len(catalogue)
    try:
        check_embedder(store, build_embedder(load_settings(folder)).info)
    except (EmbedderMismatchError, VectorStoreError) as error:
        return Finding(name="vectors", ok=False, detail=str(error))
    name = (store.meta("embedder") or "none").split("|")[0]
    detail = f"made by {name}" if not missing else f"{missing:,} items have no vector ({name})"
    # A text without a single known word has no vector, and making it again would not give it one.
    return Finding(
        name="vectors",
        ok=missing <= 0.01 * len(catalogue),
        detail=detail,
        mend="make the missing vectors" if missing else None,
    )


def _index(store: Store) -> Finding:
    folder = store.folder / FOLDER
    try:
        report = probe(folder)
        stale = report.ok and current(folder).manifest().fingerprint != fingerprint(store)
    except StoreLockedError as error:
        return Finding(name="vector index", ok=True, detail=str(error))
    except (StoreStaleError, StoreDamagedError) as error:
        return Finding(name="vector index", ok=False, detail=str(error), mend="build it again")
    if report.ok and not stale:
        return Finding(
            name="vector index", ok=True, detail=f"{report.count:,} vectors; {report.checked} asked, each finds itself"
        )
    detail = report.reason if not report.ok else "it was not built from the catalogue as it is now"
    return Finding(name="vector index", ok=False, detail=detail, mend="build it again")


def _events(store: Store, catalogue: Catalogue) -> Finding:
    unknown = sum(count for item_id, count in store.positive_counts() if item_id not in catalogue.row_of)
    detail = f"{store.event_count():,} events of {len(store.users()):,} users"
    if unknown:
        detail += f"; {unknown:,} are on items that the catalogue does not have"
    return Finding(name="events", ok=True, detail=detail)


def _ranking(store: Store, catalogue: Catalogue) -> Finding:
    try:
        version = open_ranker(store, catalogue).version
    except ModelMissingError as error:
        return Finding(name="ranking", ok=False, detail=str(error), mend="fit again")
    enough = store.users_with_events(3) >= FitConfig().least_users
    hint = f"; fit one with: assistant fit --data {store.folder}" if version == "cold" and enough else ""
    return Finding(name="ranking", ok=True, detail=f"model {version}{hint}")


def _mend_text(store: Store, folder: Path) -> None:
    from assistant.ingest import restore_text_index

    restore_text_index(store)


def _mend_vectors(store: Store, folder: Path) -> None:
    embed_again(folder, build_embedder(load_settings(folder)))


def _mend_index(store: Store, folder: Path) -> None:
    rebuild(store)


def _mend_ranking(store: Store, folder: Path) -> None:
    fit(store, Catalogue.load(store))


_MENDERS: dict[str, Callable[[Store, Path], None]] = {
    "database": _mend_text,
    "catalogue": _mend_text,
    "vectors": _mend_vectors,
    "vector index": _mend_index,
    "ranking": _mend_ranking,
}
