"""Small made-up catalogues of other things than films: shoes of a shop, and restaurants of a town."""

from __future__ import annotations

from typing import Any


def _shoe(
    item_id: str, title: str, kind: str, price: float, colour: str, sizes: list[str], material: str, brand: str,
    weight: int, waterproof: bool, in_stock: bool, description: str,
) -> dict[str, Any]:  # fmt: skip
    return {
        "item_id": item_id, "title": title, "categories": [kind], "price": price, "colour": colour, "size": sizes,
        "material": material, "brand": brand, "weight": weight, "waterproof": waterproof, "in_stock": in_stock,
        "description": description,
    }  # fmt: skip


SHOES = [
    _shoe("ridge", "Ridge Runner", "Running shoes", 89.0, "blue", ["8", "9", "10"], "mesh", "Fellwick", 260, False, True, "Light trainer with a grippy sole."),
    _shoe("marsh", "Marsh Boot", "Boots", 139.0, "brown", ["9", "10", "11"], "leather", "Oakham", 780, True, True, "Tall boot that keeps wet feet dry."),
    _shoe("plain", "Plain Plimsoll", "Sneakers", 19.5, "white", ["6", "7", "8"], "canvas", "Fellwick", 310, False, True, "Simple canvas shoe for summer."),
    _shoe("dusk", "Dusk Loafer", "Loafers", 74.0, "black", ["8", "9"], "suede", "Corvane", 420, False, False, "Soft slip-on for the office."),
    _shoe("tide", "Tide Sandal", "Sandals", 9.0, "red", ["5", "6", "7", "10"], "rubber", "Saltmere", 190, True, True, "Beach sandal that does not mind the sea."),
    _shoe("vale", "Vale Sneaker", "Sneakers", 49.0, "green", ["7", "8", "9", "10"], "canvas", "Corvane", 330, False, True, "Everyday shoe with a cork insole."),
    _shoe("storm", "Storm Boot", "Boots", 210.0, "black", ["8", "9", "10"], "leather", "Oakham", 910, True, True, "Lined boot for snow."),
    _shoe("hare", "Hare Racer", "Running shoes", 120.0, "red", ["9", "10", "11"], "mesh", "Fellwick", 205, False, True, "Racing shoe for short distances."),
]  # fmt: skip


def _place(
    item_id: str, title: str, cuisine: str, district: str, rating: float, price: float, seats: int, tags: list[str],
    vegetarian: bool, outdoor: bool, description: str,
) -> dict[str, Any]:  # fmt: skip
    return {
        "item_id": item_id, "title": title, "cuisine": cuisine, "district": district, "rating": rating, "price": price,
        "seats": seats, "tags": tags, "vegetarian": vegetarian, "outdoor_seating": outdoor, "description": description,
    }  # fmt: skip


RESTAURANTS = [
    _place("lantern", "The Paper Lantern", "Japanese", "Harbour", 4.5, 38, 24, ["quiet", "romantic"], True, False, "Counter for sushi and grilled eel."),
    _place("olive", "Casa Olive", "Italian", "Old Town", 4.1, 22, 60, ["family", "lively"], True, True, "Pasta rolled at the window."),
    _place("ember", "Ember & Oak", "Steakhouse", "Harbour", 4.7, 65, 48, ["romantic", "formal"], False, True, "Beef over an open fire."),
    _place("saffron", "Saffron Yard", "Indian", "Mill Quarter", 3.8, 15, 40, ["lively", "spicy"], True, False, "Curries from the south."),
    _place("corner", "Corner Noodle", "Chinese", "Mill Quarter", 3.2, 9, 16, ["cheap eats", "spicy"], False, False, "Hand-pulled noodles to go."),
    _place("garden", "Garden Table", "Vegan", "Old Town", 4.4, 28, 30, ["quiet", "healthy"], True, True, "Whatever grew this week."),
]  # fmt: skip
