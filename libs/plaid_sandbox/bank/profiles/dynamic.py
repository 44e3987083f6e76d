"""`user_transactions_dynamic`: Plaid's own test user whose feed moves with every refresh, in odd amounts."""

from decimal import Decimal

from plaid_sandbox.bank.plans import AccountPlan, Bill, Habit, Movement, Profile

DYNAMIC = Profile(
    username="user_transactions_dynamic",
    accounts=(
        AccountPlan(
            "checking",
            "Plaid Checking",
            "Plaid Gold Standard 0% Interest Checking",
            "depository",
            "checking",
            Decimal(110),
        ),
        AccountPlan(
            "card",
            "Plaid Credit Card",
            "Plaid Diamond 12.5% APR Interest Credit Card",
            "credit",
            "credit card",
            Decimal("342.099285"),
            limit=Decimal(2000),
        ),
    ),
    habits=(
        Habit("meals", "card", 8),
        Habit("fuel", "card", 4),
        Habit("groceries", "card", 4),
        Habit("marketplace", "checking", 3),
        Habit("local", "checking", 2),
        Habit("apps_out", "checking", 1),
        Habit("fees", "checking", 0.3),
    ),
    bills=(
        Bill("Brightwater Logistics", "checking", 1),
        Bill("Cascade Property Group", "checking", 2),
        Bill("Netflix", "card", 10),
        Bill("Spotify", "card", 20),
    ),
    movements=(Movement("card_payment", "checking", "card", 24, 150, 600),),
    odd_amounts=1 / 3,
    days=180,
)
