"""Text about an item -> claims with verdicts. The rules' tier; later tiers may decide what it leaves uncheckable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from assistant.faithfulness.evidence import Entailment, Evidence
from assistant.faithfulness.injection import suspicious
from assistant.faithfulness.judging import Judgement, judge_concept, judge_length, judge_quantity
from assistant.faithfulness.known_user import history_of, known_user
from assistant.faithfulness.lexicon import Lexicon
from assistant.faithfulness.mentions import Mention, coordinated, names, neutral, phrases, slot_names, titles
from assistant.faithfulness.opinions import ratings, stance
from assistant.faithfulness.quantities import Quantity, quantities
from assistant.faithfulness.reading import Reading, mark, read
from assistant.faithfulness.records import RecordView, view
from assistant.faithfulness.relations import ACTORS, PEOPLE, bound, cue, in_the_cast, named_slots
from assistant.faithfulness.residue import residue
from assistant.faithfulness.sentences import premise
from assistant.faithfulness.subjects import Subject, history_judgement, said_of_a_person, shared_maker, subject_of
from assistant.faithfulness.text import stems
from assistant.faithfulness.unspaced import Names, check_unspaced
from assistant.faithfulness.users import Said, heads, said_of_user
from assistant.faithfulness.vocabulary import vocabulary
from assistant.text import has_han
from assistant.types import Claim, ClaimSource, Fact, Value, Verdict


def is_supported(claims: Iterable[Claim]) -> bool:
    """False if and only if some claim is contradicted or absent. No claim at all is True: it asserts nothing."""
    return all(claim.verdict not in ("contradicted", "absent") for claim in claims)


class ClaimChecker:
    """Checks texts against evidence. Safe to share between threads: it keeps nothing between calls."""

    def __init__(
        self,
        lexicon: Lexicon | None = None,
        *,
        entailment: Sequence[Entailment] = (),
        names: Mapping[str, Callable[[], Names]] | None = None,
    ) -> None:
        """``names`` makes, by language without spaces, what its sentences are read with; they are asked for each time."""
        self._lexicon = lexicon or Lexicon()
        self._entailment = tuple(entailment)
        self._names = dict(names or {})

    def check(self, text: str, evidence: Evidence) -> tuple[Claim, ...]:
        """Every claim that ``text`` makes, in the order of the text. Empty when it asserts nothing (vacuous)."""
        names = self._names.get(evidence.language)
        if names is not None and has_han(text):
            claims = check_unspaced(text, evidence, names())
        else:
            claims = _Case(text, evidence, self._lexicon).run()
        if self._entailment:
            claims = [self._later_tiers(claim, evidence) for claim in claims]
        return tuple(claims)

    def _later_tiers(self, claim: Claim, evidence: Evidence) -> Claim:
        """Only what the record could tell and the rules cannot is asked for; the tier that decides is logged."""
        if claim.verdict != "uncheckable" or claim.source != "catalogue":
            return claim
        known = premise(evidence.record)
        for tier in self._entailment:
            verdict = tier.decide(claim, known)
            if verdict is not None:
                return replace(claim, verdict=verdict, tier=tier.name)
        return claim


class _Case:
    """One text with its evidence, while it is being checked."""

    def __init__(self, text: str, evidence: Evidence, lexicon: Lexicon) -> None:
        self.text = text
        self.evidence = evidence
        self.lexicon = lexicon
        self.record = view(evidence.record)
        self.history = history_of(evidence)
        asked = [*evidence.asked]
        for fact in evidence.facts:
            if fact.source in ("dialogue", "profile"):
                asked.append(str(fact.value) if not isinstance(fact.value, tuple) else " ".join(fact.value))
        self.asked = tuple(asked)
        self.asked_view = view({"asked": self.asked}) if asked else view({})
        self.user = known_user(evidence, self.history)
        self.said: list[Said] = []
        own = (str(value) for slot in self.record.family({"title"}) for _, value in slot.phrases)
        self.reading: Reading = read(text, [*own, *(item.title for item in self.history)])
        self.claims: list[Claim] = []
        self._last = (0, 0)
        self.nouns = frozenset().union(*(slot.words for slot in self.record.slots))

    def run(self) -> list[Claim]:
        for start, end, what in suspicious(self.text):
            self._add_chars(start, end, "injection", what, "absent")
        reading = self.reading
        told = titles(reading, self.record, self.history)
        mark(reading)
        found = phrases(reading, self.record)
        found += coordinated(reading)
        explicit = ratings(reading, self.record)
        numbers = [q for q in quantities(reading.tokens, self.nouns) if reading.free(q.start, q.end) or self._partly(q)]
        for quantity in numbers:
            reading.cover(quantity.start, quantity.end, "number")
        slot_names(reading, self.record)
        unknown = names(reading, self.record)
        claimed = {i for mention in unknown for i in range(mention.start, mention.end)}
        found = [mention for mention in found if mention.kind != "concept" or mention.start not in claimed]
        mentions = sorted([*told, *found, *unknown], key=lambda mention: mention.start)
        self.said = said_of_user(reading) if self.user.known else []
        for mention in mentions:
            if mention.kind == "history" and mention.history is not None:
                self._history_claim(mention)
        subjects = [mention for mention in mentions if mention.kind == "history"]
        people = [m for m in mentions if m.kind == "value" and all(slot.families & PEOPLE for slot in m.slots)]
        for mention in mentions:
            if mention.kind != "history" and not (self._of_user(mention, subjects) or self._of_person(mention, people)):
                self._mention(mention, subject_of(reading, mention.start, subjects))
        for quantity in numbers:
            self._quantity(quantity, subject_of(reading, quantity.start, subjects))
        rated = any(q.kind == "rating" for q in numbers)
        for opinion in [
            *explicit,
            *stance(reading, self.record, bool(explicit) or rated, verdicts=self.lexicon.verdicts),
        ]:
            source: ClaimSource = "catalogue" if opinion.slot != "opinion" else "opinion"
            value = self._words(opinion.start, opinion.end)
            self._add(opinion.start, opinion.end, opinion.slot, value, opinion.verdict, source=source)
        for start, end in residue(reading, self.record, self.asked, self.history, self.lexicon):
            self._add(start, end, "content", self._words(start, end), "absent")
        for said in self.said:
            if said.kind in ("liked", "often", "likes", "favourite"):
                self._unknown_taste(said, mentions)
        return sorted(self.claims, key=lambda claim: (claim.start, claim.end))

    def _partly(self, quantity: Quantity) -> bool:
        """A number with a hedge or unit of which only the unit was explained ("5 out of 5 rating")."""
        return not any(
            self.reading.covered[i] in {"title", "history", "value", "concept"}
            for i in range(quantity.start, quantity.end)
        )

    def _words(self, start: int, end: int) -> str:
        tokens = self.reading.tokens
        return self.text[tokens[start].start : tokens[end - 1].end]

    def _add(
        self, start: int, end: int, slot: str, value: Value, verdict: Verdict, *, positive: bool = True,
        source: ClaimSource = "catalogue",
    ) -> None:  # fmt: skip
        tokens = self.reading.tokens
        self._add_chars(
            tokens[start].start, tokens[end - 1].end, slot, value, verdict, positive=positive, source=source
        )

    def _add_chars(
        self, start: int, end: int, slot: str, value: Value, verdict: Verdict, *, positive: bool = True,
        source: ClaimSource = "catalogue",
    ) -> None:  # fmt: skip
        self.claims.append(
            Claim(
                text=self.text[start:end], start=start, end=end, item_id=self.evidence.item_id, slot=slot, value=value,
                positive=positive, source=source, verdict=verdict,
                fact_ids=_facts(self.evidence.facts, slot, value, source),
            )
        )  # fmt: skip

    def _history_claim(self, mention: Mention) -> None:
        assert mention.history is not None
        relation, verdict = history_judgement(self.reading, mention, self.asked)
        shared = shared_maker(self.reading, mention, self.record)
        if shared is not None:
            relation, verdict = shared
        self._add(mention.start, mention.end, relation, mention.history.title, verdict, source="history")

    def _of_user(self, mention: Mention, titles: Sequence[Mention]) -> bool:
        """Judges a mention that is what the user is said to want, to like or to be; False when it is something else."""
        said = next((said for said in self.said if said.start <= mention.start < said.end), None)
        if said is None or self.reading.is_negated(mention.start, mention.end):
            return False
        words = self._words(mention.start, mention.end)
        if said.kind == "asked" and mention.kind == "title" and self.reading.before(mention.start, 1) == ["and"]:
            return False  # "a mystery, and Whose Body? is one": the title opens the next clause
        if said.kind == "asked":
            borne, slot = self.user.asked_for(words), "asked_for"
        elif any(said.start <= title.start < said.end + 6 for title in titles) or not heads(
            self.reading, said, mention.start
        ):
            return False  # "the humour of Alien" is judged with the title, "more of what made it tense" as it stands
        elif said.kind == "is":
            borne, slot = False, "user"
        else:
            judge = self.user.likes if said.kind == "likes" else self.user.often_likes
            borne = judge(words)
            slot = "often_likes" if said.kind in ("often", "likes") else "liked"
        source: ClaimSource = "dialogue" if said.kind == "asked" else "profile"
        verdict: Verdict = "supported" if borne else "contradicted"
        self._add(mention.start, mention.end, slot, mention.value or words, verdict, source=source)
        return True

    def _of_person(self, mention: Mention, people: Sequence[Mention]) -> bool:
        """Judges what stands where only a person could, or what is said of one; False when it is something else."""
        if mention.kind not in ("value", "concept") or any(slot.families & ACTORS for slot in mention.slots):
            return False
        cast = in_the_cast(self.reading.after(mention.end, 5))
        if not cast and not said_of_a_person(self.reading, mention.start, people):
            return False
        words = self._words(mention.start, mention.end)
        self._add(mention.start, mention.end, "cast" if cast else "person", words, "contradicted" if cast else "absent")
        return True

    def _unknown_taste(self, said: Said, mentions: Sequence[Mention]) -> None:
        """What the user is said to like, where nothing in the evidence is spoken of: "you also like to eat"."""
        if any(mention.start < said.end and said.start < mention.end for mention in mentions):
            return
        tokens = [token for token in self.reading.tokens[said.start : said.end] if token.kind == "word"]
        telling = [t for t in tokens if len(t.low) > 2 and not neutral(t.low, t.stem)]
        if telling and not self.user.likes(" ".join(token.text for token in telling)):
            value = self._words(said.start, said.end)
            self._add(said.start, said.end, "often_likes", value, "absent", source="profile")

    def _mention(self, mention: Mention, subject: Subject) -> None:
        reading = self.reading
        start, end = mention.start, mention.end
        negated = reading.is_negated(start, end) and not self._shielded(start)
        region = reading.region[start]
        self._last = (start, end) if mention.kind != "title" else self._last
        if mention.kind == "title":
            self._title(mention)
            return
        if mention.kind == "name":
            self._name(mention, subject, negated)
            return
        if mention.kind == "truth":
            slot = mention.slots[0]
            verdict: Verdict = "supported" if slot.truth != negated else "contradicted"
            if verdict == "contradicted" and region and self._asked_for(start, end):
                verdict = "supported"
            self._add(start, end, slot.name, mention.value, verdict, positive=not negated)
            return
        if mention.kind == "value":
            families = cue(reading, start, end)
            verdict = "supported" if bound(mention.slots, families, self.record) else "contradicted"
            verbs = named_slots(reading, start, end, self.record)
            people = all(slot.families & ACTORS or not slot.families for slot in mention.slots)
            if verbs is not None and people and reading.tokens[start].capital:
                verdict = "supported" if any(slot.name in verbs for slot in mention.slots) else "contradicted"
            if negated and verdict == "supported":
                verdict = "contradicted"
            if subject.kind == "either" and subject.view is not None and _holds(subject.view, mention):
                verdict = "supported"
            if subject.kind == "unlike" and subject.view is not None and _holds(subject.view, mention):
                verdict = "contradicted"
            if subject.kind == "other" and subject.view is not None and not _holds(subject.view, mention):
                verdict = "contradicted"
            if subject.kind == "both" and subject.view is not None and not _open_or_holds(subject.view, mention):
                verdict = "contradicted"
            self._add(start, end, mention.slots[0].name, mention.value, verdict, positive=not negated)
            return
        self._concept(mention, subject, negated, region)

    def _shielded(self, start: int) -> bool:
        """Negation stops at the first thing it denies unless a list goes on: "not a family-friendly pub near X"."""
        reading = self.reading
        low, high = self._last
        if high > start or high == 0 or reading.sentence[low] != reading.sentence[start] or not reading.negated[low]:
            return False
        between = [token.low for token in reading.tokens[high:start]]
        return not any(word in {"or", "nor", "and", ",", "/", "&", "not"} or word.endswith("n't") for word in between)

    def _concept(self, mention: Mention, subject: Subject, negated: bool, region: str) -> None:
        start, end = mention.start, mention.end
        families = None
        concept = vocabulary().concepts[mention.concept]
        if concept.kind == "nation":
            families = self._nation_families(start, end)
        about = subject.view if subject.kind == "other" and subject.view is not None else self.record
        judged = judge_concept(
            mention.concept,
            affirms=mention.affirms,
            negated=negated,
            record=about,
            lexicon=self.lexicon,
            families=families,
        )
        if subject.also and judged.verdict == "supported":
            judged = judge_concept(
                mention.concept, affirms=mention.affirms, negated=negated, record=self.record, lexicon=self.lexicon
            )
        if judged.verdict != "supported" and subject.kind == "either" and subject.view is not None:
            other = judge_concept(
                mention.concept, affirms=mention.affirms, negated=negated, record=subject.view, lexicon=self.lexicon
            )
            judged = other if other.verdict == "supported" else judged
        length = None
        words = self._words(start, end).casefold()
        if judged.verdict != "supported" and words in {"short", "long"}:
            length = judge_length(words, negated=negated, record=self.record)
            judged = length or Judgement(slot="length", verdict="uncheckable")
        source: ClaimSource = "catalogue"
        if judged.verdict in ("contradicted", "absent"):
            wished = mention.concept in self.asked_view.concepts or self._asked_for(start, end)
            if region and wished:
                judged, source = Judgement(slot="asked_for", verdict="supported"), "dialogue"
            elif region == "taste" and any(mention.concept in view(item.record).concepts for item in self.history):
                judged, source = Judgement(slot="often_likes", verdict="supported"), "profile"
            elif judged.verdict == "absent" and (stems(words) in vocabulary().weak or concept.kind == "mood"):
                judged, source = Judgement(slot="opinion", verdict="uncheckable"), "opinion"
        self._add(
            start, end, judged.slot, self._words(start, end), judged.verdict, positive=judged.positive, source=source
        )

    def _nation_families(self, start: int, end: int) -> frozenset[str] | None:
        before = self.reading.before(start, 2)
        after = self.reading.after(end, 2)
        country = stems(self._words(start, end)) in vocabulary().country_names
        alone = not after or self.reading.tokens[end].kind == "mark" or after[0] in {"with", "and", "or"}
        if not country and ((before[-1:] == ["in"] and alone) or after[-1:] == ["language"]):
            return frozenset({"language"})
        if before == ["set", "in"] or before[-1:] == ["place"]:
            return frozenset({"location"})
        if before in (["made", "in"], ["produced", "in"], ["shot", "in"], ["filmed", "in"]) or before[-1:] == ["from"]:
            return frozenset({"country", "location", "maker", "producer"})
        return None

    def _asked_for(self, start: int, end: int) -> bool:
        wanted = {token.stem for token in self.reading.tokens[start:end] if token.kind != "mark"}
        return bool(wanted) and any(wanted <= set(stems(words)) for words in self.asked)

    def _title(self, mention: Mention) -> None:
        before = self.reading.before(mention.start, 4)
        verdict: Verdict = "supported"
        slot = mention.slots[0].name if mention.slots else "title"
        if (
            self.history
            and before[-1:]
            and before[-1] in {"liked", "loved", "enjoyed", "watched", "saw", "bought", "read"}
        ):
            if "you" in before or "you've" in before:
                verdict, slot = "contradicted", "liked"
        elif before[1:] and before[-1] in {"by", "starring"}:
            verdict = "contradicted"
        self._add(mention.start, mention.end, slot, mention.value, verdict)

    def _name(self, mention: Mention, subject: Subject, negated: bool) -> None:
        wanted = set(stems(mention.value))
        for words in self.asked:
            if wanted <= set(stems(words)):
                self._add(mention.start, mention.end, "asked_for", mention.value, "supported", source="dialogue")
                return
        for item in self.history:
            if wanted <= view(item.record).words:
                about = subject.kind in ("other", "both", "either") and subject.item is item
                self._add(
                    mention.start, mention.end, "name", mention.value, "supported" if about else "contradicted",
                    source="history" if about else "catalogue",
                )  # fmt: skip
                return
        slot = self.lexicon.slot_of(mention.value) or "name"
        verdict: Verdict = "absent"
        if negated and slot != "name" and slot in self.evidence.record:
            verdict = "supported"
        self._add(mention.start, mention.end, slot, mention.value, verdict, positive=not negated)

    def _quantity(self, quantity: Quantity, subject: Subject) -> None:
        reading = self.reading
        negated = reading.is_negated(quantity.start, quantity.end)
        about = subject.view if subject.kind == "other" and subject.view is not None else self.record
        judged = judge_quantity(quantity, tokens=reading.tokens, negated=negated, record=about)
        if judged is None:
            return
        if judged.verdict != "supported" and subject.kind == "either" and subject.view is not None:
            other = judge_quantity(quantity, tokens=reading.tokens, negated=negated, record=subject.view)
            judged = other if other is not None and other.verdict == "supported" else judged
        source: ClaimSource = "catalogue"
        if judged.verdict in ("contradicted", "absent") and any(
            q.low == quantity.low and q.high == quantity.high
            for words in self.asked
            for q in quantities(read(words).tokens)
        ) and reading.region[quantity.start]:  # fmt: skip
            judged, source = Judgement(slot="asked_for", verdict="supported"), "dialogue"
        self._add(
            quantity.start, quantity.end, judged.slot, self._words(quantity.start, quantity.end), judged.verdict,
            positive=judged.positive, source=source,
        )  # fmt: skip


def _holds(other: RecordView, mention: Mention) -> bool:
    wanted = stems(mention.value)
    return any(wanted == phrase for slot in other.slots for phrase, _ in slot.phrases)


def _open_or_holds(other: RecordView, mention: Mention) -> bool:
    """False only where the other record has the slot and it does not hold the value."""
    names = {slot.name for slot in mention.slots}
    return not any(slot.name in names for slot in other.slots) or _holds(other, mention)


def _facts(facts: Sequence[Fact], slot: str, value: Value, source: ClaimSource) -> tuple[str, ...]:
    """Ids of the facts that a claim rests on or goes against."""
    wanted = stems(str(value))
    chosen: list[str] = []
    for fact in facts:
        values = fact.value if isinstance(fact.value, tuple) else (str(fact.value),)
        said = any(stems(str(v)) == wanted for v in values)
        if (said and (fact.slot == slot or fact.source == source)) or (
            fact.slot == slot and fact.source == source == "catalogue"
        ):
            chosen.append(fact.fact_id)
    return tuple(chosen)
