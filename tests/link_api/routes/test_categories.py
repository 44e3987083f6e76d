from tests.link_api.world import World


async def test_categories_are_all_there_is_to_choose(shared: World) -> None:
    """Each stored category once: with name, group, kind and Schedule C's line, business first, no expense last."""
    answer = (await shared.get("/api/categories")).json()
    stored = await shared.rows("SELECT slug, name, cora_group, kind, schedule_c_line FROM expense_categories")
    assert answer["next_cursor"] is None
    assert sorted(tuple(item.values()) for item in answer["items"]) == sorted(tuple(row.values()) for row in stored)
    kinds = [item["kind"] for item in answer["items"]]
    assert kinds == sorted(kinds, key=["business", "personal", "nonexpense"].index)
    assert {"slug": "fuel", "name": "Fuel", "group": "Vehicle", "kind": "business", "schedule_c_line": "9"} in (
        answer["items"]
    )
