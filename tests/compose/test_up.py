from deploy.demo import link
from tests.compose.stack import Stack

USER = 4_001


async def test_a_linked_bank_becomes_expenses(stack: Stack) -> None:
    """Through the proxy a user links a bank, its webhooks come in there too, and every expense equals the truth."""
    await link(stack.system, USER, "user_good")
    assert (await stack.settled()).transactions > 500
