"""Your own items.csv and ratings.csv: index them, fit the ranking on them, and see what it learned.

The two files are made up here, a board game café's, and look like what people have: ids of their own, ratings from 1 to 10
of which some are missing, visits with dates. The same on the command line:

    assistant index items.csv --interactions ratings.csv --data cafe --map item_id=code --map title=game
    assistant fit --data cafe
    echo '{"request_id": 1, "user": "guest-3", "k": 5}' | assistant rank --data cafe --requests -

python examples/fit_your_own.py
"""

from __future__ import annotations

import csv
import random
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from assistant import Settings, connect, index_items
from assistant.catalogue import Catalogue
from assistant.fitting import fit
from assistant.store import Store

KINDS = ("Trading", "Bluffing", "Word", "Racing")
GUESTS = 120


def write_files(folder: Path) -> None:
    """80 games of four kinds; guests who mostly play one kind, the easy games of it before the hard ones."""
    dice = random.Random(4)
    with (folder / "items.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["code", "game", "category", "year", "minutes"])
        for number in range(80):
            kind, level = KINDS[number % 4], number // 4
            table.writerow([f"G{number:03}", f"{kind} Game {level + 1}", kind, 1990 + level, 20 + 5 * level])
    with (folder / "ratings.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["user_id", "item_id", "rating", "timestamp"])
        for guest in range(GUESTS):
            kind, level, day = guest % 4, dice.randrange(8), date(2025, 1, 1) + timedelta(days=dice.randrange(200))
            for _ in range(dice.randrange(5, 12)):
                level += dice.randrange(1, 3)
                played = dice.randrange(80) if dice.random() < 0.2 else 4 * (level % 20) + kind
                rating = "" if dice.random() < 0.2 else (dice.randrange(6, 11) if played % 4 == kind else 4)
                day += timedelta(days=dice.randrange(1, 20))
                table.writerow([f"guest-{guest}", f"G{played:03}", rating, day.isoformat()])


def main() -> None:
    with TemporaryDirectory() as folder:
        here, data = Path(folder), Path(folder) / "cafe"
        write_files(here)
        report = index_items(
            here / "items.csv",
            data,
            interactions=here / "ratings.csv",
            mapping={"item_id": "code", "title": "game"},
        )
        print(f"{report.items} games; read under another name: {dict(report.renamed)}")

        before = best_for("guest-3", data)
        with Store(data) as store:
            fitted = fit(store, Catalogue.load(store))
        print(f"{fitted.n_events} events of {fitted.n_users} guests")
        print(fitted.table)

        print(f"for guest-3, who plays {KINDS[3].lower()} games")
        print(f"  before: {', '.join(before)}")
        print(f"  after:  {', '.join(best_for('guest-3', data))}")


def best_for(user: str, data: Path) -> list[str]:
    """The five games that a guest would be recommended."""
    with connect(data, settings=Settings(llm="none")) as assistant, Store(data) as store:
        catalogue = Catalogue.load(store)
        return [catalogue.title(catalogue.row_of[item_id]) for item_id, _ in assistant.rank(user=user, k=5)]


if __name__ == "__main__":
    main()
