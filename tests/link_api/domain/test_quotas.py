import pytest

from link_api.domain import quotas
from link_api.domain.quotas import Quota, Standing


@pytest.mark.parametrize(
    ("text", "quota"),
    [("600/min", Quota(600, 60)), ("1/sec", Quota(1, 1)), ("999999/hour", Quota(999_999, 3600)), ("off", None)],
)
def test_what_an_operator_writes(text: str, quota: Quota | None) -> None:
    """A number and a window, or off."""
    assert quotas.read(text) == quota


@pytest.mark.parametrize(
    "text", ["0/min", "-1/min", "600", "600/day", "600/minute", "1.5/sec", "600 / min", "x", "9999999/min"]
)
def test_anything_else_is_refused(text: str) -> None:
    """What makes no sense is told, with what does."""
    with pytest.raises(ValueError, match="must look like"):
        quotas.read(text)


@pytest.mark.parametrize("quota", [Quota(1, 1), Quota(7, 60), Quota(600, 60), Quota(999_999, 3600)])
def test_what_is_left_is_counted_down(quota: Quota) -> None:
    """A fresh quota is all left; each call takes one, down to none, although a pause is not a whole microsecond."""
    pause = quota.pause.total_seconds()
    assert quota.left(0) == quota.calls
    for used in {1, 2, quota.calls // 2, quota.calls - 1, quota.calls}:
        assert quota.left(used * pause - 1e-7) == max(0, quota.calls - used)
    assert quota.left(quota.calls * pause + 1) == 0


def test_fields_are_structured() -> None:
    """Both fields are lists of one item (RFC 9651), whole seconds, rounded up."""
    assert Standing(Quota(600, 60), 599, 0.01).headers == {
        "RateLimit-Policy": '"user";q=600;w=60',
        "RateLimit": '"user";r=599;t=1',
    }
