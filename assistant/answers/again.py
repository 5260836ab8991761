"""The standing request retrieved again under a supposition: other promises, more likes. Nothing of it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.feedback import make_event
from assistant.profile import UserProfile
from assistant.retrieve import Found, RetrievalSettings
from assistant.serving import Serving
from assistant.store import Store
from assistant.types import Query
from vectorstore.base import Embedder


@dataclass(frozen=True, kw_only=True)
class SupposedAgain:
    """An ``Again`` over a store and the state that serves."""

    store: Store
    serving: Serving
    embedder: Embedder
    user: str
    limit: int = 200
    """Candidates, as ``Settings.candidates``."""
    settings: RetrievalSettings | None = None

    def __call__(self, query: Query, likes: Sequence[str] = ()) -> tuple[Found, UserProfile]:
        """See ``Again``."""
        events = self.store.events(self.user)
        latest = max((event.timestamp for event in events if event.timestamp is not None), default=0.0)
        supposed = [make_event(self.user, item_id, "like", timestamp=latest + n) for n, item_id in enumerate(likes, 1)]
        profile = UserProfile(self.user, [*events, *supposed], self.serving.catalogue, self.store.rating_scale())
        query = replace(query, excluded=query.excluded | set(likes))
        limit = max(self.limit, query.k)
        found = self.serving.find(
            query, profile, store=self.store, embedder=self.embedder, limit=limit, settings=self.settings
        )
        return found, profile
