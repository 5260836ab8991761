"""The prompt suite from cases to reports, with fake models."""

from __future__ import annotations

import asyncio
import json
import re
import runpy
from dataclasses import replace
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from assistant.errors import BadRowsError, ProviderTimeout, UnknownNameError
from assistant.faithfulness import ClaimChecker
from assistant.llm.base import ChatMessage, Generation, Sampling, TextDelta, Usage
from assistant.llm.scripted import ScriptedAnswer, ScriptedModel
from assistant.types import Claim
from evals.claim_scores import score_claims
from evals.errors import EvaluationError
from evals.suite.cases import Case, case_lines, case_schema, read_cases
from evals.suite.comparison import GateConfig, case_means, find_variant, no_worse_gates, summarise
from evals.suite.interchange import from_promptfoo, from_ragas, to_promptfoo, to_ragas
from evals.suite.phrasing import ExplainerPhraser
from evals.suite.report.html import html_page
from evals.suite.report.plain import junit, markdown, suite_document
from evals.suite.rows import Row, Variant, row_document, row_from_document
from evals.suite.running import Run, RunConfig, run_grid
from evals.suite.tapped import DraftCache, TappedModel, generation_key
from prompts import load

WORLD = runpy.run_path(str(Path(__file__).with_name("suite_worlds.py")))
make_cases, writer, prompt_folder = WORLD["make_cases"], WORLD["writer"], WORLD["prompt_folder"]


@pytest.fixture(scope="module")
def phrasers(tmp_path_factory):
    folder = prompt_folder(tmp_path_factory.mktemp("prompts"))
    return [ExplainerPhraser(prompt=load("explain", f"v{n}", folder)) for n in (1, 2, 3)]


def run(cases, phrasers, models, cache=None, progress=lambda _: None, **config):
    return asyncio.run(
        run_grid(
            cases,
            phrasers,
            {m.name: m for m in models},
            ClaimChecker(),
            RunConfig(**config),
            cache=cache,
            progress=progress,
        )
    )


def test_cases_round_trip(tmp_path):
    cases = make_cases(5)
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(case_lines(cases)), encoding="utf-8")
    assert read_cases(file) == cases
    assert case_schema()["additionalProperties"] is False
    assert {"id", "user", "item_id", "record"} <= set(case_schema()["required"])


def test_bad_cases_are_named(tmp_path):
    (good,) = case_lines(make_cases(1))
    file = tmp_path / "cases.jsonl"
    file.write_text(f'{good}\n{good}\n{{"id": "x"}}\nnot json\n{good[:-1]}, "extra": 1}}\n', encoding="utf-8")
    with pytest.raises(BadRowsError) as caught:
        read_cases(file)
    said = str(caught.value)
    assert "cases.jsonl:2" in said
    assert "stands already in line 1" in said
    assert "user is missing" in said
    assert "not valid JSON" in said
    assert "extra" in said
    file.write_text("")
    with pytest.raises(EvaluationError, match="cases make"):
        read_cases(file)


def test_a_worse_prompt_is_caught(phrasers):
    result = run(make_cases(24), phrasers[:2], [writer()], repeats=2)
    report = summarise(result, GateConfig(no_worse_than="explain@1", margin=0.05))
    good, worse = report.variants
    assert good.figures["accepted"].estimate == 1.0
    assert worse.figures["accepted"].estimate == 0.0
    assert worse.figures["claim_precision"].estimate < 0.6 < good.figures["claim_precision"].estimate
    assert report.end == "fail"
    assert good.pass_hat == {1: 1.0, 2: 1.0}
    shown = [row for row in result.rows if row.variant == worse.variant]
    assert all(row.phrased_by == "template" and row.shown_score.all_supported for row in shown)
    assert all(row.rejected for row in shown)


def test_the_bad_example_prompt_asks_for_what_the_checker_flags():
    """examples/prompts holds a prompt that invents awards, for trying a gate on."""
    folder = Path(__file__).parents[2] / "examples" / "prompts"
    phraser = ExplainerPhraser(prompt=load("explain_invents_awards", None, folder))
    assert phraser.prompt_label.startswith("explain_invents_awards@v1#")
    text = (folder / "explain_invents_awards" / "v1.md").read_text()
    invented = [
        json.loads(line.removeprefix("Answer: "))["text"] for line in text.splitlines() if line[:8] == "Answer: "
    ]
    assert len(invented) == 3
    for case in make_cases(3):
        for answer in invented:
            score = score_claims(ClaimChecker().check(answer, case.evidence()), None)
            assert score.absent + score.contradicted >= 3
            assert score.precision == 0
    model = ScriptedModel([json.dumps({"text": invented[0], "fact_ids": ["f1"]})], repeat=True)
    result = run(make_cases(4), [phraser], [model])
    assert not any(row.accepted or row.error for row in result.rows)


def test_the_same_in_other_words_passes(phrasers):
    result = run(make_cases(24), [phrasers[0], phrasers[2]], [writer()])
    assert summarise(result, GateConfig(no_worse_than="explain@1", margin=0.0)).end == "pass"


def test_few_users_do_not_decide(phrasers):
    result = run(make_cases(24, users=3), phrasers[:2], [writer()])
    report = summarise(result, GateConfig(no_worse_than="explain@1"))
    assert report.end == "inconclusive"
    assert all(gate.cases_to_decide for gate in report.gates)


def test_failures_are_rows_and_never_scores(phrasers):
    result = run(make_cases(24), phrasers[:1], [writer(error_every=4)])
    failed = [row for row in result.rows if row.error]
    assert len(failed) == 6
    assert len(result.rows) == 24
    assert all(row.score is None and not row.draft and "refused" in row.error for row in failed)
    report = summarise(result, GateConfig())
    (variant,) = report.variants
    assert (variant.failures, variant.rows) == (6, 24)
    assert variant.figures["accepted"].estimate == 1.0  # over the 18 that came back
    assert variant.figures["accepted"].n == 18
    assert report.end == "fail"  # a quarter failed: above the cap
    assert summarise(result, GateConfig(failure_cap=0.3)).end == "pass"


def test_what_the_model_gets_wrong_is_no_failure_of_infrastructure(phrasers):
    model = ScriptedModel(["not json at all"], repeat=True)
    (row,) = run(make_cases(1), phrasers[:1], [model]).rows
    assert row.error is None
    assert row.malformed
    assert not row.accepted
    assert row.score is None
    assert row.shown_score.all_supported
    assert row.phrased_by == "template"


def test_a_draft_that_is_cut_off_is_checked_as_far_as_it_came(phrasers):
    model = ScriptedModel(['{"text": "Directed by Nobody Known, this one is'], repeat=True)
    (row,) = run(make_cases(1), phrasers[:1], [model]).rows
    assert row.malformed
    assert not row.accepted
    assert row.draft == "Directed by Nobody Known, this one is"
    assert row.score.precision == 0.0
    (none,) = run(make_cases(1), phrasers[:1], [ScriptedModel(['{"te'], repeat=True)]).rows
    assert (none.draft, none.score) == ("", None)


def test_what_the_explainer_rejects(phrasers):
    case = make_cases(1)[0]
    director = f"Directed by {case.record['director'][0]}, this one is for you."
    answers = {
        json.dumps({"text": "Here it is, and it is for you.", "fact_ids": ["f2"]}): "says nothing",
        json.dumps({"text": director, "fact_ids": ["f9"]}): "f9",
        json.dumps({"text": director, "fact_ids": []}): "cites no fact",
        json.dumps({"text": "Directed by Nobody Known, this one is for you.", "fact_ids": ["f2"]}): "absent",
    }
    for answer, why in answers.items():
        (row,) = run([case], phrasers[:1], [ScriptedModel([answer], repeat=True)]).rows
        assert not row.accepted
        assert why in row.rejected
        assert row.error is None
    (good,) = run([case], phrasers[:1], [ScriptedModel([json.dumps({"text": director, "fact_ids": ["f2"]})])]).rows
    assert good.accepted
    assert (good.draft, good.shown, good.cited) == (director, director, ("f2",))


def test_an_empty_draft_has_no_precision(phrasers):
    answer = '{"text": "Here it is, and it is for you.", "fact_ids": []}'
    (row,) = run(make_cases(1), phrasers[:1], [ScriptedModel([answer])]).rows
    assert row.score.vacuous
    assert row.score.precision is None
    assert row.shown_score.precision == 1.0


def test_a_dead_model_is_given_up(phrasers):
    model = ScriptedModel([ScriptedAnswer(error=ProviderTimeout("no answer"))], repeat=True)
    result = run(make_cases(24), phrasers[:1], [model], failures_in_a_row=5, concurrency=1)
    assert len(model.asked) == 5
    assert all(row.error for row in result.rows)
    assert len(result.rows) == 24
    report = summarise(result, GateConfig(no_worse_than=None))
    assert report.end == "fail"
    assert report.variants[0].figures["accepted"] is None
    for text in (html_page(report), markdown(report), json.dumps(suite_document(report), allow_nan=False)):
        assert not re.search(r"\bnan\b", text, re.IGNORECASE)


def test_a_stopped_run_goes_on(phrasers, tmp_path):
    cases, file = make_cases(10), tmp_path / "drafts.jsonl"
    first = writer()
    run(cases[:6], phrasers[:1], [first], cache=DraftCache(file))
    with file.open("a", encoding="utf-8") as broken:
        broken.write('{"key": "cut off by a sto')
    second = writer()
    result = run(cases, phrasers[:1], [second], cache=DraftCache(file))
    assert (len(first.asked), len(second.asked)) == (6, 4)
    assert [row.cached for row in result.rows] == [True] * 6 + [False] * 4
    again = run(cases, phrasers[:1], [writer()], cache=DraftCache(file))
    assert all(row.cached for row in again.rows)  # also the one after the line that was cut
    assert [r.draft for r in again.rows] == [r.draft for r in result.rows]


def test_latency_from_the_cache_is_the_original(phrasers, tmp_path):
    cases = make_cases(2)
    slow = ScriptedModel(
        lambda messages: ScriptedAnswer(text='{"text": "A film.", "fact_ids": []}', delay=0.05), name="slow"
    )
    file = tmp_path / "drafts.jsonl"
    first = run(cases, phrasers[:1], [slow], cache=DraftCache(file))
    quick = ScriptedModel(["never asked"], name="slow")
    second = run(cases, phrasers[:1], [quick], cache=DraftCache(file))
    assert not quick.asked
    assert [row.seconds for row in second.rows] == pytest.approx([row.seconds for row in first.rows])
    assert min(row.seconds for row in second.rows) >= 0.05


def test_cache_keys():
    messages, sampling, schema = [ChatMessage(role="user", content="hello")], Sampling(), {"type": "object"}
    keys = [
        generation_key(messages, "m", sampling, schema, 0),
        generation_key([ChatMessage(role="user", content="other")], "m", sampling, schema, 0),
        generation_key(messages, "other", sampling, schema, 0),
        generation_key(messages, "m", replace(sampling, temperature=1.0), schema, 0),
        generation_key(messages, "m", sampling, {"type": "array"}, 0),
        generation_key(messages, "m", sampling, schema, 1),
    ]
    assert len(set(keys)) == 6
    assert keys[0] == generation_key(messages, "m", sampling, schema, 0)


def test_repeats_ask_with_other_seeds(phrasers):
    model = writer()
    run(make_cases(1), phrasers[:1], [model], repeats=3)
    assert sorted(asked.sampling.seed for asked in model.asked) == [0, 1, 2]


def test_another_checker_gives_other_verdicts_of_cached_drafts(phrasers, tmp_path):
    class Strict(ClaimChecker):
        def check(self, text, evidence):
            return tuple(replace(claim, verdict="contradicted") for claim in super().check(text, evidence))

    file = tmp_path / "drafts.jsonl"
    run(make_cases(3), phrasers[:1], [writer()], cache=DraftCache(file))
    again = asyncio.run(
        run_grid(make_cases(3), phrasers[:1], {"writer": writer()}, Strict(), RunConfig(), cache=DraftCache(file))
    )
    assert all(row.cached and not row.accepted and row.score.precision == 0 for row in again.rows)


def test_a_reader_that_leaves_early_leaves_early_again(tmp_path):
    async def first_piece(tapped):
        stream = tapped.stream([ChatMessage(role="user", content="hi")], sampling=Sampling())
        piece = await anext(stream)
        await stream.aclose()
        return piece.text

    file = tmp_path / "drafts.jsonl"
    model = ScriptedModel([ScriptedAnswer(text="hello there", piece=5)])
    assert asyncio.run(first_piece(TappedModel(model, DraftCache(file), 0))) == "hello"
    second = TappedModel(ScriptedModel(["never asked"]), DraftCache(file), 0)
    assert asyncio.run(first_piece(second)) == "hello"
    assert second.calls[0].cached


def test_models_that_choose(phrasers):
    """Choosing among made sentences, every draft is true."""
    chooser = ScriptedModel(lambda messages: ScriptedAnswer(text="{", error=ProviderTimeout("x")), name="chooser")
    phraser = replace(phrasers[0], style="choose")
    (row,) = run(make_cases(1), [phraser], [chooser]).rows
    assert row.error
    texts = []

    class First(ScriptedModel):
        async def stream(self, messages, *, sampling, schema=None, timeout=None):  # noqa: ASYNC109
            text = schema["properties"]["text"]["enum"][0]
            texts.append(text)
            yield TextDelta(text=json.dumps({"text": text}, ensure_ascii=False))
            yield Generation(text=json.dumps({"text": text}, ensure_ascii=False), finish_reason="stop")

    result = run(make_cases(4), [phraser], [First([], name="first")])
    assert [row.draft for row in result.rows] == texts
    assert all(row.accepted and row.score.all_supported for row in result.rows)


def test_the_cost_limit_stops_the_run(phrasers, tmp_path):
    class Priced(ScriptedModel):
        async def stream(self, messages, **more):
            async for event in super().stream(messages, **more):
                if hasattr(event, "usage"):
                    event = replace(event, usage=Usage(prompt_tokens=10, completion_tokens=10, cost=0.01))
                yield event

    model = Priced(['{"text": "A film.", "fact_ids": []}'], repeat=True)
    seen = []
    file = tmp_path / "drafts.jsonl"
    limited = {"cost_limit": 0.05, "concurrency": 1, "cache": DraftCache(file), "progress": seen.append}
    result = run(make_cases(20), phrasers[:1], [model], **limited)
    assert len(model.asked) == 5
    assert len(result.rows) == 5
    assert "cost limit" in result.stopped
    assert seen[-1].cost == pytest.approx(0.05)
    assert "not complete" in markdown(summarise(result, GateConfig()))
    rest = run(make_cases(20), phrasers[:1], [model], cache=DraftCache(file))
    assert len(rest.rows) == 20
    assert rest.cost == pytest.approx(0.15)  # what was in the cache is not paid for again


def test_concurrency_is_bounded(phrasers):
    running = [0, 0]

    class Counting(ScriptedModel):
        async def stream(self, messages, **more):
            running[0] += 1
            running[1] = max(running)
            await asyncio.sleep(0.002)
            running[0] -= 1
            async for event in super().stream(messages, **more):
                yield event

    run(make_cases(20), phrasers[:1], [Counting(['{"text": "x", "fact_ids": []}'], repeat=True)], concurrency=3)
    assert running[1] == 3


def test_a_local_model_is_asked_one_at_a_time_and_costs_nothing(phrasers):
    """A latency must not contain the wait for other drafts."""

    class Local(ScriptedModel):
        busy = False
        name = "llama-cpp:tiny.gguf"

        async def stream(self, messages, **more):
            assert not self.busy
            self.busy = True
            await asyncio.sleep(0.001)
            self.busy = False
            async for event in super().stream(messages, **more):
                yield event

    result = run(make_cases(12), phrasers[:1], [Local(['{"text": "x", "fact_ids": []}'], repeat=True)], concurrency=8)
    assert not any(row.error for row in result.rows)
    assert {row.cost for row in result.rows} == {0.0}


def test_repeats_are_averaged_before_anything_is_compared():
    variant = Variant(prompt="p@v1#0", model="m")
    score = score_claims((), None)
    rows = [
        Row(case="a", cluster="u", variant=variant, repeat=n, accepted=accepted, score=score)
        for n, accepted in enumerate((True, False, False, True))
    ]
    rows += [Row(case="b", cluster="v", variant=variant, repeat=0, error="gone")]
    assert case_means(rows, variant, "accepted") == {"a": ("u", 0.5)}
    assert case_means(rows, variant, "claim_precision") == {}  # no claim: no value, neither 0 nor 1


def test_variants_by_name(phrasers):
    result = run(make_cases(2), phrasers[:2], [writer()])
    assert find_variant(result, None) == result.variants[0]
    assert find_variant(result, "explain@2") == result.variants[1]
    assert find_variant(result, "explain@v2 · writer") == result.variants[1]
    with pytest.raises(UnknownNameError, match="There is no variant"):
        find_variant(result, "explain@9")
    with pytest.raises(UnknownNameError, match="Did you mean 'accepted'"):
        summarise(result, GateConfig(fail_under={"acepted": 0.5}))
    with pytest.raises(EvaluationError, match="second prompt or model"):
        summarise(run(make_cases(2), phrasers[:1], [writer()]), GateConfig(no_worse_than="explain@1"))


def test_fail_under(phrasers):
    result = run(make_cases(12), phrasers[:1], [writer()])
    assert summarise(result, GateConfig(fail_under={"accepted": 0.9})).end == "pass"
    assert summarise(result, GateConfig(fail_under={"claims": 50})).end == "fail"
    assert summarise(result, GateConfig(fail_under={"vacuous": 0.0})).end == "pass"


def test_rows_round_trip(phrasers):
    result = run(make_cases(6), phrasers[:2], [writer(error_every=5)])
    for row in result.rows:
        document = json.loads(json.dumps(row_document(row), allow_nan=False))
        assert row_from_document(document) == row


@pytest.fixture(scope="module")
def report(phrasers):
    result = run(make_cases(24), phrasers, [writer("one", error_every=9), writer("two")], repeats=2)
    return summarise(result, GateConfig(no_worse_than="explain@1", fail_under={"accepted": 0.5}, failure_cap=0.2))


def test_reports_agree_and_hold_no_nan(report):
    html, text = html_page(report), markdown(report)
    document = json.loads(json.dumps(suite_document(report), allow_nan=False))
    assert document["end"] == report.end == "fail"
    assert len(document["variants"]) == 6
    for page in (html, text):
        assert not re.search(r"\bnan\b|Infinity", page, re.IGNORECASE)
        for variant in report.variants:
            assert variant.variant.prompt.split("#")[0] in page
    suite = ElementTree.fromstring(junit(report))
    assert int(suite.get("tests")) == len(report.gates) == len(suite)
    assert int(suite.get("failures")) == sum(gate.end == "fail" for gate in report.gates) > 0


def test_the_page_needs_no_network(report):
    html = html_page(report)
    assert "default-src 'none'" in unescape(html)
    assert not re.search(r"(?:src|href)=|url\(|@import|fetch\(|https?:", html)
    assert "prefers-color-scheme: dark" in html
    assert "viewport" in html


def test_hostile_text_stays_text(phrasers):
    attack = "</script><img src=x onerror=alert(1)><b>"
    case = make_cases(1)[0]
    case = case.model_copy(update={"record": {**case.record, "title": attack}, "request": attack, "user": attack})
    model = ScriptedModel([json.dumps({"text": attack, "fact_ids": []})], name=attack, repeat=True)
    report = summarise(run([case], phrasers[:1], [model]), GateConfig())
    html = html_page(report, title=attack)
    assert "<img" not in html
    assert html.count("</script>") == 2
    assert "<img" not in markdown(report).replace("\\<", "")


def test_promptfoo_and_ragas_round_trip(tmp_path):
    cases = make_cases(4)
    promptfoo, ragas = tmp_path / "tests.json", tmp_path / "samples.jsonl"
    promptfoo.write_text(to_promptfoo(cases), encoding="utf-8")
    ragas.write_text(to_ragas(cases, {cases[0].id: "A text."}), encoding="utf-8")
    assert from_promptfoo(promptfoo) == cases
    assert from_ragas(ragas) == cases
    sample = json.loads(ragas.read_text(encoding="utf-8").splitlines()[0])
    assert sample["response"] == "A text."
    assert {"user_input", "response", "retrieved_contexts", "reference"} <= sample.keys()
    test = json.loads(promptfoo.read_text(encoding="utf-8"))[0]
    assert set(test["vars"]) == {"title", "request", "facts"}


def test_files_of_other_origin_come_in(tmp_path):
    promptfoo = tmp_path / "tests.json"
    promptfoo.write_text(
        json.dumps([{"vars": {"title": "Alien", "facts": "[f1] director: Ridley Scott\nuser liked: Jaws"}}])
    )
    (case,) = from_promptfoo(promptfoo)
    assert case.record == {"title": "Alien", "director": "Ridley Scott"}
    assert [(fact.source, fact.slot) for fact in case.facts] == [("catalogue", "director"), ("history", "liked")]
    ragas = tmp_path / "samples.jsonl"
    ragas.write_text(json.dumps({"user_input": "why?", "retrieved_contexts": ["title: Alien\nyear: 1979"]}))
    (case,) = from_ragas(ragas)
    assert isinstance(case, Case)
    assert case.record["year"] == "1979"
    promptfoo.write_text('[{"vars": {}}]')
    with pytest.raises(BadRowsError, match="no title"):
        from_promptfoo(promptfoo)
    promptfoo.write_text("[{")
    with pytest.raises(EvaluationError, match="not JSON"):
        from_promptfoo(promptfoo)


def test_a_run_against_itself_seldom_fails_the_gate():
    """2,000 runs of one prompt against itself, with the rows that a run has: at most 5 % end in a failure."""
    rng = np.random.default_rng(0)
    base, same = (Variant(prompt=f"p@v{n}#0", model="m") for n in (1, 2))
    claim = Claim(text="x", start=0, end=1, item_id="i", slot="year", value=1990)
    scores = [
        score_claims([replace(claim, verdict=verdict)] if verdict else [], None)
        for verdict in ("supported", "contradicted", None)
    ]
    cases = make_cases(40, users=12)
    ends = []
    for _ in range(2000):
        quality = rng.beta(2, 2, 40)
        rows = [
            Row(
                case=case.id,
                cluster=case.cluster,
                variant=variant,
                repeat=repeat,
                score=scores[int(kind)],
                accepted=bool(kind == 0),
            )
            for variant in (base, same)
            for repeat in range(2)
            for case, kind in zip(cases, np.where(rng.random(40) < quality, 0, rng.integers(1, 3, 40)), strict=True)
        ]
        result = Run(
            rows=tuple(rows), variants=(base, same), cases=tuple(cases), repeats=2, scorer="", cost=0.0, cost_known=True
        )
        gates = no_worse_gates(result, base, same, GateConfig(no_worse_than="p@1", margin=0.0), 1)
        ends.append({gate.end for gate in gates})
    assert sum("fail" in end for end in ends) <= 100
