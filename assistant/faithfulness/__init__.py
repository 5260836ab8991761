"""Text about an item -> claims, each bound to a relation and checked against evidence.

>>> checker = ClaimChecker(Lexicon())
>>> evidence = Evidence(item_id="1", record={"title": "Alien", "director": ("Ridley Scott",), "year": 1979})
>>> [(claim.slot, claim.verdict) for claim in checker.check("Directed by Ridley Scott in 1979.", evidence)]
[('director', 'supported'), ('year', 'supported')]
"""

from assistant.faithfulness.checker import ClaimChecker, is_supported
from assistant.faithfulness.evidence import Entailment, Evidence, HistoryItem
from assistant.faithfulness.lexicon import Lexicon, verdict_slots

__all__ = ["ClaimChecker", "Entailment", "Evidence", "HistoryItem", "Lexicon", "is_supported", "verdict_slots"]
