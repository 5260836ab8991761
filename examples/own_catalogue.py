"""A catalogue of your own, from a list of dicts.

Only ``item_id`` and ``title`` must be there. Columns with other names are mapped; columns that the data contract does not
know, such as ``pages`` here, become attributes.

    python examples/own_catalogue.py
"""

from __future__ import annotations

from tempfile import TemporaryDirectory

from assistant import Settings, connect, index_items

BOOKS = [
    {
        "isbn": "978-1",
        "name": "The Salt Road",
        "author": "Ines Duarte",
        "genre": "Science fiction",
        "year": 2011,
        "pages": 312,
        "tags": ["desert", "caravans"],
        "about": "On a planet of dry seas a caravan carries the last rain from town to town.",
    },
    {
        "isbn": "978-2",
        "name": "Low Orbit, High Rent",
        "author": "Tomasz Wilk",
        "genre": "Science fiction, Comedy",
        "year": 2019,
        "pages": 240,
        "tags": ["space station", "landlords"],
        "about": "A janitor on a space station finds that the lease on the air runs out on Friday.",
    },
    {
        "isbn": "978-3",
        "name": "The Clockmaker's Other Daughter",
        "author": "Ines Duarte",
        "genre": "Mystery",
        "year": 2004,
        "pages": 198,
        "tags": ["clocks", "small town"],
        "about": "Every clock in town stops at the same minute, and only one person knew that it would.",
    },
    {
        "isbn": "978-4",
        "name": "Soup for the Bishop",
        "author": ["Ada Lindqvist", "Bo Lindqvist"],
        "genre": "Comedy",
        "year": 1998,
        # No pages and no tags: what is not there is unknown, and nothing is ever said about it.
        "about": "A cook, a goose and a visiting bishop, in one very long afternoon.",
    },
]

LIKES = [{"user_id": "mila", "item_id": "978-1", "kind": "like"}]


def main() -> None:
    with TemporaryDirectory() as data:
        report = index_items(
            BOOKS,
            data,
            interactions=LIKES,
            mapping={"item_id": "isbn", "title": "name", "description": "about", "creators:author": "author"},
        )
        print(f"{report.items} books; read under another name: {dict(report.renamed)}")
        with connect(data, settings=Settings(llm="none")) as assistant:
            for text in ("science fiction, but funny", "a mystery"):
                reply = assistant.chat(text, user="mila", conversation=text)
                print(f"\n{text}: {reply.text}")
                for card in reply.recommendations:
                    print(f"  {card.title}: {card.explanation.text}")


if __name__ == "__main__":
    main()
