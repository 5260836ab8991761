"""Every document by its name, and its JSON schema."""

from __future__ import annotations

from typing import Any

from assistant.documents.base import Document
from assistant.documents.errors import ErrorDocument, LineErrorDocument, RequestErrorDocument
from assistant.documents.events import EmbeddedDocument, EventDocument, EventsImportedDocument, IndexedDocument
from assistant.documents.folders import DoctorDocument, FitDocument, RolledBackDocument, RulesCheckedDocument
from assistant.documents.lines import ChatLine, RankLine
from assistant.documents.rankings import RankDocument, WhyDocument
from assistant.documents.replies import ExplainedDocument, RepliedDocument
from assistant.documents.users import (
    KeyAddedDocument,
    KeyDocument,
    TasteDeletedDocument,
    TasteDocument,
    UserDeletedDocument,
    UserDocument,
    UserExportDocument,
)

DOCUMENTS: dict[str, type[Document]] = {
    "chat_line": ChatLine,
    "rank_line": RankLine,
    "replied": RepliedDocument,
    "explained": ExplainedDocument,
    "why": WhyDocument,
    "rules_checked": RulesCheckedDocument,
    "ranked": RankDocument,
    "indexed": IndexedDocument,
    "embedded": EmbeddedDocument,
    "fitted": FitDocument,
    "rolled_back": RolledBackDocument,
    "event": EventDocument,
    "events_imported": EventsImportedDocument,
    "user": UserDocument,
    "user_export": UserExportDocument,
    "user_deleted": UserDeletedDocument,
    "taste": TasteDocument,
    "taste_deleted": TasteDeletedDocument,
    "key": KeyDocument,
    "key_added": KeyAddedDocument,
    "doctor": DoctorDocument,
    "error": ErrorDocument,
    "line_error": LineErrorDocument,
    "request_error": RequestErrorDocument,
}
"""Every document, by the name that ``assistant schema NAME`` knows it under."""


def schema(name: str) -> dict[str, Any]:
    """The JSON schema of a document: of what is accepted for one that is read, of what is sent for one that is written."""
    document = DOCUMENTS[name]
    return document.model_json_schema(mode="validation" if document in (ChatLine, RankLine) else "serialization")
