"""How long checking replies for faithfulness takes, without a model.

    python benchmarks/evals_claims_speed.py --data DIR [--replies 1000]

Replies are template reasons for cases made from the index in DIR. Checking is timed; making them is not. The aim is 1,000
replies in at most 5 s on 2 cores.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from assistant.catalogue import Catalogue
from assistant.faithfulness import ClaimChecker, Lexicon
from assistant.phrases import phrase
from assistant.store import Store
from evals.faithfulness import Text, check_texts, summarise_texts
from evals.suite.making import make_cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--replies", type=int, default=1000)
    arguments = parser.parse_args()
    with Store(arguments.data) as store:
        catalogue = Catalogue.load(store)
    texts = []
    for case in make_cases(arguments.data, arguments.replies):
        said = phrase(case.as_facts(), case.record, seed=case.id, item_id=case.item_id)
        texts.append(
            Text(text_id=case.id, cluster=case.cluster, text=said.text, evidence=case.evidence(), cited=said.fact_ids)
        )
    started = time.perf_counter()
    checker = ClaimChecker(Lexicon.from_records(catalogue.item(row).slots() for row in range(len(catalogue))))
    learned = time.perf_counter()
    busy = time.process_time()
    scores = check_texts(texts, checker)
    checked = time.perf_counter()
    processor = time.process_time() - busy
    report = summarise_texts(texts, scores)
    print(
        json.dumps(
            {
                "replies": len(texts),
                "claims": report.claims,
                "items": len(catalogue),
                "seconds_learning_the_catalogue": round(learned - started, 3),
                "seconds_checking": round(checked - learned, 3),
                "processor_seconds_checking": round(processor, 3),
                "claim_precision": report.claim_precision.estimate if report.claim_precision else None,
                "evidence_recall": report.evidence_recall.estimate if report.evidence_recall else None,
            }
        )
    )


if __name__ == "__main__":
    main()
