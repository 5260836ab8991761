"""The sentences. ``{slot}`` is filled by ``material``; ``[…]`` is left out when a slot in it cannot be filled.

``{slot|is|are}`` appends the verb that agrees with how many values the slot has. A template whose slots cannot all be
filled does not apply. The id's part before the dot is its group; within a reply neither ids nor openings repeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence with slots."""

    name: str
    text: str
    worth: float = 0.0
    """Added to the worth of its group: what the sentence ties together tells more or less about this user."""

    @property
    def group(self) -> str:
        return self.name.partition(".")[0]

    @property
    def opening(self) -> str:
        """Its first two words, by which a reader notices a repetition."""
        return " ".join(self.text.split()[:2]).casefold()


OPENINGS: tuple[Template, ...] = (
    # what the user asked for
    Template("asked.1", "You asked for {request}, and this fits: {asked_kind}[ set {setting}][ about {about}].", 0.3),
    Template("asked.2", "This fits your request for {request}[, {makers}][, with {cast}]."),
    Template("asked.3", "This is {request}, as you asked: {asked_kind}[ set {setting}][ about {about}].", 0.3),
    Template("asked.4", "Here is {request}, as you asked[, {makers}][, with {cast}]."),
    Template("asked.5", "As you asked, this is {request}[, {makers}][, and it is {moods}]."),
    Template("asked.6", "Your request for {request} is met here, in {asked_kind}[ about {about}][, {makers}].", 0.2),
    Template("asked.7", "Since you asked for {request}, try this one[, {makers}][, with {cast}]."),
    Template("asked.9", "For {request}, this is a match: {asked_kind}[ set {setting}][ about {about}].", 0.2),
    # a title the user named
    Template("named.1", "You asked for something like {named}, and {named_director|directs|direct} this one too: {kind}[ about {about}].", 0.6),
    Template("named.2", "You asked for something like {named}; {named_author|is|are} behind this one too[: {kind}][ about {about}].", 0.5),
    Template("named.3", "Like {named}, which you mentioned, this has {named_cast} in the cast[. It is {kind}][ about {about}].", 0.4),
    Template("named.4", "Like {named}, this is about {named_about}[. It is {kind}][ set {setting}].", 0.4),
    Template("named.5", "You mentioned {named}: this one is also set {named_setting}[, and it is {kind}][ about {about}].", 0.4),
    Template("named.6", "In the spirit of {named}, here is another {named_kind}[ set {setting}][ about {about}]."),
    Template("named.7", "You asked for something like {named}: this is another {named_kind}[ about {about}][, {makers}]."),
    Template("named.8", "Close to {named} in mood, this one is {named_mood} as well[: {kind}][ about {about}].", -0.2),
    Template("named.9", "It shares with {named} an interest in {named_topic}[. It is {kind}][, {makers}].", 0.4),
    # something in the history
    Template("past.1", "You {did} {liked}, and {liked_director|directs|direct} this one too: {kind}[ about {about}].", 0.5),
    Template("past.3", "You {did} {liked}, and {liked_author|is|are} behind this one too[: {kind}][ about {about}].", 0.4),
    Template("past.4", "You {did} {liked}, and {liked_cast|appears|appear} here too, in {kind}[ set {setting}][ about {about}].", 0.4),
    Template("past.5", "You {did} {liked}; this is also about {liked_about}, told as {kind}[ set {setting}].", 0.3),
    Template("past.6", "Like {liked}, which you {did}, this is about {liked_about}[. It is {kind}][ set {setting}].", 0.3),
    Template("past.7", "After {liked}, which you {did}, here is more about {liked_about}: {kind}[ set {setting}][, {makers}].", 0.3),
    Template("past.8", "It shares with {liked}, which you {did}, an interest in {liked_topic}[. It is {kind}].", 0.3),
    Template("past.9", "You {did} {liked}, and this one is set {liked_setting} too: {kind}[ about {about}].", 0.3),
    Template("past.11", "You {did} {liked}; this is another {liked_kind}[ set {setting}][ about {about}][, {makers}].", -0.2),
    Template("past.12", "Here is another {liked_kind} after {liked}, which you {did}[. This one is about {about}][, {makers}].", -0.3),
    Template("past.13", "You {did} {liked}; this one is {liked_mood} too, {kind}[ about {about}].", -0.4),
    Template("past.14", "Both this and {liked}, which you {did}, are about {liked_about}[. This one is {kind}].", 0.2),
    Template("past.15", "You {did} {liked}, which is also from {liked_places}, and this is {kind}[ about {about}].", -1.6),
    Template("past.16", "{liked_director|directs|direct} this one, like {liked}, which you {did}. It is {kind}[ about {about}].", 0.4),
    Template("past.17", "{liked_cast|is|are} in this one, as in {liked}, which you {did}. It is {kind}[ about {about}].", 0.3),
    # what the user often likes
    Template("habit.1", "You often like {habit}, and this is {kind}[ set {setting}][ about {about}]."),
    Template("habit.2", "Since you often like {habit}, here is {kind}[ about {about}][, {makers}]."),
    Template("habit.3", "Knowing that you often like {habit}, this is one to try[: {kind}][ about {about}]."),
    # what the user told of themselves
    Template("told.1", "You told me that you like {told}, and this is {kind}[ set {setting}][ about {about}]."),
    Template("told.2", "Since you told me that you like {told}, here is {kind}[ about {about}][, {makers}]."),
    Template("told.3", "You like {told}, as you told me, and this is one[: {kind}][ about {about}][, {makers}].", -0.1),
    # the record alone
    Template("record.1", "Here is {kind}[ set {setting}][ about {about}][, {makers}][, with {cast}]."),
    Template("record.2", "This is {moody_kind}[ set {setting}][ about {about}][, {makers}]."),
    Template("record.3", "{kind}[ set {setting}][ about {about}][, {makers}][, with {cast}]."),
    Template("record.4", "{director|directs|direct} {kind}[ set {setting}][ about {about}][, with {cast}]."),
    Template("record.5", "Try {kind}[ from {places}][ about {about}][, {makers}]."),
    Template("record.7", "{author|is|are} behind {kind}[ about {about}].", -0.1),
    Template("record.8", "This one is about {about}[, {makers}][, with {cast}].", -0.4),
    Template("record.9", "The catalogue files it under {filed}[; it is {makers}][, with {cast}].", -0.6),
    Template("record.10", "This one is {makers}[ and tagged {tags}][; its {attribute}].", -0.9),
    Template("record.20", "This one is {makers}[ and dates from {year}][, with {cast}].", -0.8),
    Template("record.11", "It is tagged {tags}[, and its {attribute}].", -1.0),
    Template("record.12", "The cast includes {many_cast}.", -1.0),
    Template("record.13", "Its {attribute}[, and its price is {price}].", -1.1),
    Template("record.14", "It comes from {places}[ and dates from {year}].", -1.2),
    Template("record.15", "It dates from {year}[ and runs {runtime}].", -1.3),
    Template("record.16", "It runs {runtime}.", -1.4),
    Template("record.17", "Its {other_role}.", -1.3),
    Template("record.18", "Its price is {price}.", -1.4),
    Template("record.19", "With {cast} in the cast, it has {director} as director.", -1.2),
)  # fmt: skip
"""First sentences."""

DETAILS: tuple[Template, ...] = (
    Template("asked.20", "It is also {request_is}, as you asked.", 0.4),
    Template("asked.21", "That also answers your request for {request}.", 0.2),
    Template("asked.22", "And it is {request_is}, as you asked.", 0.3),
    Template("past.20", "It shares with {liked}, which you {did}, an interest in {liked_topic}.", 0.3),
    Template("past.21", "{liked_director|directs|direct}, as with {liked}, which you {did}.", 0.4),
    Template("past.22", "{liked_cast|is|are} in it, as in {liked}, which you {did}.", 0.3),
    Template("past.23", "You {did} {liked}, which is about {liked_about} as well.", 0.2),
    Template("past.24", "You {did} {liked}, which is another {liked_kind}.", -0.2),
    Template("habit.20", "You often like {habit}, too.", -0.1),
    Template("people.1", "Directed by {director}[, with {cast}].", 0.1),
    Template("people.2", "{director|directs|direct}[, with {cast} in the cast].", 0.2),
    Template("people.3", "The cast includes {many_cast}.", 0.1),
    Template("people.4", "{many_cast} are in the cast."),
    Template("people.5", "In the cast: {many_cast}.", -0.1),
    Template("people.6", "{author|is|are} behind it."),
    Template("people.7", "It is {makers}.", -0.1),
    Template("mood.1", "Expect something {moods}."),
    Template("mood.2", "The mood is {two_moods}."),
    Template("mood.3", "It is {moods}[, and runs {runtime}].", 0.1),
    Template("theme.1", "It is also about {about}."),
    Template("theme.2", "Its themes include {topics}.", 0.1),
    Template("theme.3", "It is set {setting}."),
    Template("time.1", "It runs {runtime}.", -0.2),
    Template("time.2", "It is over in {runtime}.", -0.3),
    Template("place.1", "It comes from {places}.", -0.2),
    Template("pages.1", "It has {pages} pages.", -0.1),
    Template("tags.1", "It is tagged {tags}.", -0.5),
    Template("plain.1", "Its {attribute}.", -0.5),
    Template("plain.2", "Its price is {price}.", -0.5),
    Template("plain.3", "Its {other_role}.", -0.5),
)  # fmt: skip
"""Second sentences."""

WORTH: Mapping[str, float] = {
    "named": 3.6, "asked": 3.0, "past": 3.2, "told": 2.6, "habit": 2.0, "record": 0.6,
    "people": 1.0, "mood": 0.9, "theme": 0.9, "time": 0.7, "place": 0.5, "pages": 0.6, "tags": 0.3, "plain": 0.3,
}  # fmt: skip
"""What a group tells about why this item is for this user."""

EMPTY = "The catalogue says little about this one beyond its title."
"""When no fact can be said."""
