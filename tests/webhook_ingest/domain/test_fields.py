import pytest
from pydantic import TypeAdapter, ValidationError

from webhook_ingest.domain.fields import Word

word = TypeAdapter(Word)


@pytest.mark.parametrize("text", ["ITEM", "yxQbxDjnD8hr69pKbQpbcKeVn3GL9QuyA7NV3", "a-b_c.d:e", "!" * 128])
def test_a_word(text: str) -> None:
    """Ids and names of Plaid's kind pass."""
    assert word.validate_python(text) == text


@pytest.mark.parametrize("text", ["", " ", "a b", "a\n", "\na", "a\x00", "é", "a" * 129])
def test_no_word(text: str) -> None:
    """Nothing passes that could break a log line, a header or a database."""
    with pytest.raises(ValidationError):
        word.validate_python(text)
