import pytest

from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import StandIn

ENDS: dict[str, tuple[dict[str, object], str]] = {
    "consent": ({"expires_in_days": 7}, "consent_expiration_time"),
    "disconnect_soon": ({"in_days": 7, "reason": "INSTITUTION_MIGRATION"}, "disconnect_time"),
}


async def test_an_item_can_be_broken_and_healed_elsewhere(stand_in: StandIn, receiver: Receiver) -> None:
    """It stays broken with the wanted code until it is repaired; both are told by webhook."""
    access_token, item_id = await stand_in.linked(webhook=receiver.url)
    control = f"/sandbox_control/items/{item_id}"
    await stand_in.post(f"{control}/break", error_code="ITEM_LOCKED")
    for _ in range(2):
        assert await stand_in.refused("/transactions/sync", access_token=access_token) == "ITEM_LOCKED"
    await stand_in.post(f"{control}/repair")
    assert await stand_in.is_complete(access_token)
    await receiver.until(lambda: {"ERROR", "LOGIN_REPAIRED"} <= set(receiver.codes))
    assert await stand_in.refused(f"{control}/break", error_code="ITEM_LOKED") == "INVALID_FIELD"


async def test_any_webhook_can_be_rung(stand_in: StandIn, receiver: Receiver) -> None:
    """Also one that Plaid's endpoint cannot fire, and one that nobody has heard of yet."""
    _, item_id = await stand_in.link(webhook=receiver.url)
    for code in ("PENDING_EXPIRATION", "NOT_YET_PUBLISHED"):
        await stand_in.post(f"/sandbox_control/items/{item_id}/webhooks", webhook_code=code)
    await receiver.until(lambda: {"PENDING_EXPIRATION", "NOT_YET_PUBLISHED"} <= set(receiver.codes))
    assert receiver.of("PENDING_EXPIRATION")[0]["consent_expiration_time"].endswith("Z")


async def test_a_refresh_can_be_ordered_without_credentials(stand_in: StandIn, receiver: Receiver) -> None:
    """The same as /transactions/refresh: pendings post, webhooks tell."""
    _, item_id = await stand_in.linked(webhook=receiver.url)
    await stand_in.post(f"/sandbox_control/items/{item_id}/refresh")
    await receiver.until(lambda: {"DEFAULT_UPDATE", "TRANSACTIONS_REMOVED"} <= set(receiver.codes))


async def test_a_revoked_permission_is_told_everywhere(stand_in: StandIn, receiver: Receiver) -> None:
    """Calls fail as INVALID_INPUT, the Item and the webhook carry an ITEM_ERROR, update mode is refused."""
    access_token, item_id = await stand_in.linked(webhook=receiver.url)
    await stand_in.post(f"/sandbox_control/items/{item_id}/revoke")
    for path in ("/transactions/sync", "/accounts/get", "/transactions/refresh"):
        answer = (await stand_in.send(path, {"access_token": access_token})).json()
        assert (answer["error_type"], answer["error_code"]) == ("INVALID_INPUT", "USER_PERMISSION_REVOKED")
    error = (await stand_in.post("/item/get", access_token=access_token))["item"]["error"]
    assert (error["error_type"], error["error_code"]) == ("ITEM_ERROR", "USER_PERMISSION_REVOKED")
    await receiver.until(lambda: "USER_PERMISSION_REVOKED" in receiver.codes)
    assert receiver.of("USER_PERMISSION_REVOKED")[0]["error"]["error_type"] == "ITEM_ERROR"
    asked = {"client_name": "CORA", "language": "en", "country_codes": ["US"], "user": {"client_user_id": "7"}}
    code = await stand_in.refused("/link/token/create", **asked, access_token=access_token)
    assert code == "USER_PERMISSION_REVOKED"
    await stand_in.call("item_remove", access_token=access_token)


@pytest.mark.parametrize(
    ("order", "code"), [("consent", "PENDING_EXPIRATION"), ("disconnect_soon", "PENDING_DISCONNECT")]
)
async def test_an_announced_end_comes_unless_the_user_does(
    stand_in: StandIn, receiver: Receiver, order: str, code: str
) -> None:
    """The webhook says when; then the Item breaks, or lives on when it was repaired in time."""
    body, told = ENDS[order]
    access_token, item_id = await stand_in.linked(webhook=receiver.url)
    control = f"/sandbox_control/items/{item_id}"
    ends = (await stand_in.post(f"{control}/{order}", **body))[told]
    await receiver.until(lambda: code in receiver.codes)
    assert receiver.of(code)[0][told] == ends
    assert receiver.of(code)[0].get("reason") == body.get("reason")
    item = (await stand_in.post("/item/get", access_token=access_token))["item"]
    assert item["consent_expiration_time"] == (ends if order == "consent" else None)
    await stand_in.post(f"{control}/repair")
    await stand_in.post("/sandbox_control/clock/advance", seconds=8 * 86400)
    item = (await stand_in.post("/item/get", access_token=access_token))["item"]
    assert (item["error"], item["consent_expiration_time"]) == (None, None)
    await stand_in.post(f"{control}/{order}", **body)
    await stand_in.post("/sandbox_control/clock/advance", seconds=8 * 86400)
    assert await stand_in.refused("/transactions/sync", access_token=access_token) == "ITEM_LOGIN_REQUIRED"
