from plaid_sandbox.identifiers import Mint


def test_the_same_seed_and_words_give_the_same_identifiers() -> None:
    """A stand-in can be built again; another seed shares nothing with it."""
    assert Mint("a").identifier("item", 1) == Mint("a").identifier("item", 1)
    assert Mint("a").identifier("item", 1) != Mint("b").identifier("item", 1)
    assert Mint("a").identifier("item", 11) != Mint("a").identifier("item1", 1)


def test_identifiers_look_like_plaids() -> None:
    """Letters and digits only, both cases, and tokens name the environment."""
    ids = [Mint("a").identifier(number) for number in range(200)]
    assert all(one.isalnum() and one.isascii() and len(one) == 36 for one in ids)
    assert len({one.lower() for one in ids}) == len(set(ids)) == 200
    assert any(one != one.lower() != one.upper() for one in ids)
    assert Mint("a").token("access", 1).startswith("access-sandbox-")


def test_a_restored_mint_repeats_no_token() -> None:
    """What is numbered by occurrence differs from run to run once the starts are counted."""
    first, second = Mint("a"), Mint("a")
    second.starts = 1
    assert first.next("link token") != second.next("link token")
    assert first.request_id() != first.request_id()
