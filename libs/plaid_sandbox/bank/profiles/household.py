"""`user_household`: a salary, groceries and a mortgage; besides dollars an account in yen and one in a coin."""

from decimal import Decimal

from plaid_sandbox.bank.plans import AccountPlan, Bill, Habit, Movement, Profile

HOUSEHOLD = Profile(
    username="user_household",
    accounts=(
        AccountPlan(
            "checking", "Everyday Checking", None, "depository", "checking", Decimal("4210.35"), holder="personal"
        ),
        AccountPlan(
            "savings", "Rainy Day Savings", None, "depository", "savings", Decimal("11850.9"), holder="personal"
        ),
        AccountPlan(
            "card",
            "Cash Back Card",
            "Platypus Cash Back Visa Signature",
            "credit",
            "credit card",
            Decimal("1120.44"),
            limit=Decimal(9000),
            holder="personal",
        ),
        AccountPlan(
            "yen", "Tokyo Yen Account", None, "depository", "checking", Decimal(284300), iso="JPY", holder="personal"
        ),
        AccountPlan(
            "coin",
            "Stablecoin Wallet",
            None,
            "depository",
            "cash management",
            Decimal("812.504417"),
            iso=None,
            unofficial="USDT",
            holder="personal",
        ),
    ),
    habits=(
        Habit("groceries", "card", 3.2),
        Habit("shopping", "card", 1.8),
        Habit("meals", "card", 2.8),
        Habit("fuel", "card", 1.2),
        Habit("leisure", "card", 0.8),
        Habit("health", "card", 0.7),
        Habit("marketplace", "card", 1.1),
        Habit("local", "card", 0.6),
        Habit("giving", "checking", 0.1),
        Habit("cash", "checking", 0.3),
        Habit("apps_out", "checking", 0.5),
        Habit("apps_in", "checking", 0.3),
        Habit("fees", "checking", 0.06),
        Habit("tokyo", "yen", 1.0),
        Habit("chain", "coin", 0.4),
    ),
    bills=(
        Bill("Brightwater Logistics", "checking", 1),
        Bill("Brightwater Logistics", "checking", 15),
        Bill("Rocket Mortgage", "checking", 2),
        Bill("Verizon", "card", 6),
        Bill("City Water Works", "checking", 9),
        Bill("Duke Energy", "checking", 12),
        Bill("State Farm", "checking", 16),
        Bill("Nelnet", "checking", 18),
        Bill("Netflix", "card", 19),
        Bill("Spotify", "card", 21),
        Bill("Interest Paid", "savings", 28),
    ),
    movements=(
        Movement("card_payment", "checking", "card", 22, 900, 2400),
        Movement("transfer", "checking", "savings", 16, 200, 700),
    ),
)
