"""Which of the things that are held words speak of."""

from __future__ import annotations

from assistant.catalogue import Catalogue
from assistant.types import Constraint, Context, Held
from assistant.understanding.held import held_by
from assistant.vocabulary import Vocabulary, load_language


def holding(*constraints: Constraint) -> Context:
    held = tuple(
        Held(held_id=f"h{n}", constraint=constraint, promised=True, turn=1) for n, constraint in enumerate(constraints)
    )
    return Context(turn=2, held=held)


def spoken_of(films: Catalogue, what: str, context: Context) -> list[str]:
    return [held.held_id for held in held_by(what, Vocabulary(films, load_language("en")), context)]


def test_a_value_of_several_words_is_meant_and_not_what_lies_in_it(films: Catalogue) -> None:
    context = holding(
        Constraint(slot="tags", op="any", values=("childrens", "children"), words="children"),
        Constraint(slot="series", op="any", values=("The Children of the Red King",), words="Red King"),
        Constraint(slot="categories", op="any", values=("Comedy",), words="comedy"),
    )
    assert spoken_of(films, "with series the children of the red king", context) == ["h1"]
    assert spoken_of(films, "the children of the red king and comedy", context) == ["h1", "h2"]
    assert spoken_of(films, "children", context) == ["h0"]
