from categorizer.domain.text.suggestions import suggestions

RANKING = (("materials", 0.9), ("meals", 0.02), ("fuel", 0.01), ("rent", 0.01))


def test_the_likeliest_comes_first() -> None:
    """Where nothing is known of neighbours the ranking is what is offered."""
    assert suggestions(RANKING, {}) == ("materials", "meals", "fuel")


def test_what_it_cannot_be_makes_room() -> None:
    """A neighbour that is impossible takes no other's place."""
    near = {"materials": ["income", "shopping", "tools_equipment"]}
    assert suggestions(RANKING, near, {"income"}) == ("materials", "shopping", "tools_equipment")


def test_neighbours_are_offered() -> None:
    """Categories that people take for the first come before those of which nothing speaks."""
    assert suggestions(RANKING, {"materials": ["tools_equipment", "shopping"]}) == (
        "materials",
        "tools_equipment",
        "shopping",
    )
