"""`user_business`: four crews and an office, 20,000 lines in two years."""

from dataclasses import replace
from decimal import Decimal

from plaid_sandbox.bank.plans import AccountPlan, Bill, Habit, Movement, Profile

ROWS = 20_000

BUSINESS = Profile(
    username="user_business",
    accounts=(
        AccountPlan(
            "operating",
            "Operating Account",
            "Platypus Commercial Checking",
            "depository",
            "checking",
            Decimal("284310.52"),
        ),
        AccountPlan("reserve", "Reserve", "Platypus Money Market", "depository", "money market", Decimal(120000)),
        AccountPlan(
            "field_card",
            "Field Crews Card",
            "Platypus Corporate Card",
            "credit",
            "credit card",
            Decimal("41877.2"),
            limit=Decimal(120000),
        ),
        AccountPlan(
            "office_card",
            "Office Card",
            "Platypus Corporate Card",
            "credit",
            "credit card",
            Decimal("9320.18"),
            limit=Decimal(60000),
        ),
    ),
    habits=(
        Habit("materials", "field_card", 46),
        Habit("fuel", "field_card", 30),
        Habit("tools", "field_card", 12),
        Habit("meals", "field_card", 21),
        Habit("vehicle", "field_card", 9),
        Habit("equipment_rental", "field_card", 6),
        Habit("waste", "field_card", 5),
        Habit("local", "field_card", 4),
        Habit("marketplace", "office_card", 9),
        Habit("office", "office_card", 6),
        Habit("shipping", "office_card", 5),
        Habit("advertising", "office_card", 5),
        Habit("software", "office_card", 4),
        Habit("travel", "office_card", 5),
        Habit("permits", "operating", 2, workdays_only=True),
        Habit("subcontractors", "operating", 8, workdays_only=True),
        Habit("checks", "operating", 3, workdays_only=True),
        Habit("clients", "operating", 7, workdays_only=True),
        Habit("cash", "operating", 0.5),
        Habit("fees", "operating", 0.5),
    ),
    bills=(
        Bill("Cascade Property Group", "operating", 1),
        Bill("Ford Credit", "operating", 3),
        Bill("The Hartford", "operating", 5),
        Bill("Gusto", "operating", 7),
        Bill("Comcast Business", "office_card", 14),
        Bill("State Farm", "operating", 15),
        Bill("Hawkins & Pell CPA", "operating", 22),
        Bill("Duke Energy", "operating", 23),
        Bill("Interest Charge", "field_card", 26),
        Bill("Interest Paid", "reserve", 28),
    ),
    movements=(
        Movement("card_payment", "operating", "field_card", 18, 30000, 90000),
        Movement("card_payment", "operating", "office_card", 19, 6000, 20000),
        Movement("transfer", "operating", "reserve", 27, 2000, 15000),
    ),
    rows=ROWS,
)


def resized(rows: int) -> Profile:
    """Return the business with this many lines, its habits as much more or less frequent."""
    habits = tuple(replace(habit, per_week=habit.per_week * rows / ROWS) for habit in BUSINESS.habits)
    return replace(BUSINESS, username=f"{BUSINESS.username}_{rows}", habits=habits, rows=rows)
