"""The documents of the wire: what commands print with ``--json`` and read with ``--jsonl`` and ``--requests``.

One document is one line of UTF-8 JSON. Scripts rely on them, so every field is always there (null where it is not known)
and nothing else is. ``assistant schema`` publishes their JSON schemas.
"""

from __future__ import annotations

from assistant.documents.base import MAX_ID, MAX_MESSAGE, Document, jsonable, well_formed
from assistant.documents.errors import ErrorBody, ErrorDocument, LineErrorDocument, RequestErrorDocument
from assistant.documents.events import (
    BadRowDocument,
    EmbeddedDocument,
    EventDocument,
    EventsImportedDocument,
    IndexedDocument,
)
from assistant.documents.folders import (
    DoctorDocument,
    FindingDocument,
    FitDocument,
    RolledBackDocument,
    RulesCheckedDocument,
    RuleTouchesDocument,
)
from assistant.documents.lines import ChatLine, RankLine
from assistant.documents.rankings import RankDocument, WhyDocument
from assistant.documents.replies import (
    ExplainedDocument,
    ExplanationDocument,
    FactDocument,
    HeldDocument,
    RecommendationDocument,
    RepliedDocument,
)
from assistant.documents.schemas import DOCUMENTS, schema
from assistant.documents.users import (
    KeyAddedDocument,
    KeyDocument,
    TasteDeletedDocument,
    TasteDocument,
    UserDeletedDocument,
    UserDocument,
    UserExportDocument,
)

__all__ = [
    "BadRowDocument",
    "ChatLine",
    "DOCUMENTS",
    "DoctorDocument",
    "Document",
    "EmbeddedDocument",
    "ErrorBody",
    "ErrorDocument",
    "EventDocument",
    "EventsImportedDocument",
    "ExplainedDocument",
    "ExplanationDocument",
    "FactDocument",
    "FindingDocument",
    "FitDocument",
    "HeldDocument",
    "IndexedDocument",
    "KeyAddedDocument",
    "KeyDocument",
    "LineErrorDocument",
    "MAX_ID",
    "MAX_MESSAGE",
    "RankDocument",
    "RankLine",
    "RecommendationDocument",
    "RepliedDocument",
    "RequestErrorDocument",
    "RolledBackDocument",
    "RuleTouchesDocument",
    "RulesCheckedDocument",
    "TasteDeletedDocument",
    "TasteDocument",
    "UserDeletedDocument",
    "UserDocument",
    "UserExportDocument",
    "WhyDocument",
    "jsonable",
    "schema",
    "well_formed",
]
