"""``assistant rank`` and ``assistant fit``."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from assistant.commands.output import data_option, emit, fault, json_option, note, say

if TYPE_CHECKING:
    from assistant.catalogue import Catalogue
    from assistant.documents import Document
    from assistant.rank import Arrange
    from assistant.ranking import Ranker
    from assistant.store import Store

MAX_LINE = 16 * 1024 * 1024
"""Bytes of a request: enough to name every item of a large catalogue."""
BATCH = 64
"""Requests ranked at once, where so many are there."""


@click.command()
@data_option
@click.option("--requests", required=True, metavar="FILE|-", help="A JSONL file, also gzipped; - is stdin.")
@click.option(
    "--diversity",
    type=click.FloatRange(0, 1),
    help="From 0, by score alone, to 1: prefer items unlike those above them. The setting when left out.",
)
@json_option
def rank(data: Path, requests: str, diversity: float | None, as_json: bool) -> None:
    """Rank items for many users or histories.

    Each line of FILE is {"request_id", "user" or "history": [item ids, oldest first], "candidates": [ids], "k"}. Given
    candidates are put in order and cut at k; without them everything but the history is ranked. A history need not be
    anybody's. Business rules of the folder hold, see: assistant rules check. The output is one JSON document per request, in order, a request that cannot be answered included as a
    document of type error.

    \b
    assistant rank --data films --requests requests.jsonl
    echo '{"request_id": "1", "history": ["alien-1979"], "k": 10}' | assistant rank --requests -
    """
    from assistant.arranging.arranger import folder_rules
    from assistant.arranging.plain import arranging
    from assistant.catalogue import Catalogue
    from assistant.commands.lines import line_batches
    from assistant.fitting import open_ranker
    from assistant.settings import load_settings
    from assistant.store import Store

    settings = load_settings(data, diversity=diversity)
    with _opened(requests) as stream, Store(data) as store:
        catalogue = Catalogue.load(store)
        ranker = open_ranker(store, catalogue)
        arrange = arranging(folder_rules(settings, data, catalogue), settings.diversity, catalogue, ranker)
        for batch in line_batches(stream, MAX_LINE, BATCH):
            for document in _answered(store, catalogue, ranker, batch, arrange):
                emit(document)


@contextmanager
def _opened(requests: str) -> Iterator[IO[bytes]]:
    from assistant.errors import UserError, did_you_mean

    if requests == "-":
        yield sys.stdin.buffer
        return
    path = Path(requests)
    if not path.is_file():
        nearby = path.parent.iterdir() if path.parent.is_dir() else ()
        raise UserError(f"There is no file {requests!r}.{did_you_mean(path.name, (p.name for p in nearby))}")
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
        yield stream  # type: ignore[misc]  # what gzip opens reads as the other does


def _answered(
    store: Store,
    catalogue: Catalogue,
    ranker: Ranker,
    batch: Sequence[tuple[int, bytes | None]],
    arrange: Arrange | None,
) -> list[Document]:
    """A document per line, in order."""
    from assistant.commands.lines import parse_line, partial_id
    from assistant.documents import ErrorBody, RankDocument, RankLine, RequestErrorDocument
    from assistant.rank import RankRequest, answers, prepared
    from assistant.threads import one_blas_thread

    documents: dict[int, Document] = {}

    def failed(number: int, line: bytes | None, error: Exception) -> None:
        kind, message, _ = fault(error)
        body = ErrorBody(kind=kind, message=message)
        documents[number] = RequestErrorDocument(error=body, line=number, request_id=partial_id(line, "request_id"))

    ready: list[tuple[int, bytes | None, str | int, RankRequest]] = []
    for number, line in batch:
        try:
            asked = parse_line(line, RankLine, MAX_LINE)
            request = prepared(
                store, catalogue, user=asked.user, history=asked.history, candidates=asked.candidates, k=asked.k
            )
            ready.append((number, line, asked.request_id, request))
        except Exception as error:  # noqa: BLE001 - the boundary of a request: those after it are answered whatever it hits
            failed(number, line, error)
    with one_blas_thread():
        try:
            found = [] if arrange is not None else answers(catalogue, ranker, [request for *_, request in ready])
        except Exception:  # noqa: BLE001 - one request of the batch hits it: each by itself shows which
            found = []
        for at, (number, line, request_id, request) in enumerate(ready):
            try:
                ids: list[str]
                scores: list[float | None]
                if arrange is not None:
                    ranked = arrange(request)
                    ids, scores = [item_id for item_id, _ in ranked], [score for _, score in ranked]
                else:
                    ids, scores = found[at] if found else answers(catalogue, ranker, [request])[0]
                # Not validated: ids come out of SQLite or of a parsed line and scores from finite arrays, and looking at
                # each again would take a tenth of the time of a whole ranking.
                documents[number] = RankDocument.model_construct(request_id=request_id, ranking=ids, scores=scores)
            except Exception as error:  # noqa: BLE001 - the boundary of a request, as above
                failed(number, line, error)
    return [documents[number] for number, _ in batch]


@click.command()
@data_option
@click.option("--rollback", is_flag=True, help="Go back to the model before the one in service.")
@json_option
def fit(data: Path, rollback: bool, as_json: bool) -> None:
    """Fit the ranking models to the events there are.

    What ranks best on each user's last event is chosen and fitted on all events. Until then, popularity, content and
    recency rank.

    \b
    assistant fit --data films
    """
    from assistant import fitting
    from assistant.catalogue import Catalogue
    from assistant.documents import FitDocument, RolledBackDocument
    from assistant.store import Store

    with Store(data) as store:
        if rollback:
            version = fitting.rollback(data)
            if as_json:
                emit(RolledBackDocument(data=str(data), version=version))
            else:
                say(f"Model {version} is in service again.")
            return
        report = fitting.fit(store, Catalogue.load(store), report=note)
    document = FitDocument.of(str(data), report)
    if as_json:
        emit(document)
    else:
        say(str(report.table), f"Model {document.version} is in service; fitted in {document.seconds:.1f} s.")
