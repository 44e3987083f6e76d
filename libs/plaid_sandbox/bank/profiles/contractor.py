"""`user_good`: a remodelling contractor with a truck, a card, subcontractors and clients who pay by invoice."""

from decimal import Decimal

from plaid_sandbox.bank.plans import AccountPlan, Bill, Habit, Movement, Profile

CONTRACTOR = Profile(
    username="user_good",
    accounts=(
        AccountPlan(
            "checking", "Business Checking", "Platypus Business Checking", "depository", "checking", Decimal("18432.61")
        ),
        AccountPlan(
            "savings", "Tax Savings", "Platypus Business Savings", "depository", "savings", Decimal("24150.08")
        ),
        AccountPlan(
            "card",
            "Business Card",
            "Platypus Ink Business Credit Card",
            "credit",
            "credit card",
            Decimal("3204.77"),
            limit=Decimal(15000),
        ),
    ),
    habits=(
        Habit("materials", "card", 4.2, workdays_only=True),
        Habit("tools", "card", 1.1),
        Habit("fuel", "card", 2.6),
        Habit("meals", "card", 3.4, workdays_only=True),
        Habit("vehicle", "card", 0.7),
        Habit("marketplace", "card", 0.6),
        Habit("equipment_rental", "card", 0.35, workdays_only=True),
        Habit("waste", "card", 0.35, workdays_only=True),
        Habit("office", "card", 0.3),
        Habit("shipping", "card", 0.2),
        Habit("advertising", "card", 0.4),
        Habit("local", "card", 0.3),
        Habit("permits", "checking", 0.2, workdays_only=True),
        Habit("subcontractors", "checking", 0.8, workdays_only=True),
        Habit("checks", "checking", 0.3, workdays_only=True),
        Habit("clients", "checking", 1.4, workdays_only=True),
        Habit("cash", "checking", 0.25),
        Habit("apps_out", "checking", 0.2),
        Habit("fees", "checking", 0.12),
        Habit("travel", "card", 0.12),
    ),
    bills=(
        Bill("Cascade Property Group", "checking", 1),
        Bill("Ford Credit", "checking", 3),
        Bill("Intuit QuickBooks", "card", 4),
        Bill("The Hartford", "checking", 5),
        Bill("Verizon", "card", 8),
        Bill("Jobber", "card", 9),
        Bill("U-Haul Moving & Storage", "card", 11),
        Bill("Google Workspace", "card", 12),
        Bill("Comcast Business", "card", 14),
        Bill("State Farm", "checking", 15),
        Bill("CompanyCam", "card", 17),
        Bill("Dropbox", "card", 19),
        Bill("Hawkins & Pell CPA", "checking", 22),
        Bill("Duke Energy", "checking", 23),
        Bill("Interest Charge", "card", 27),
        Bill("Interest Paid", "savings", 28),
    ),
    movements=(
        Movement("card_payment", "checking", "card", 20, 2200, 4800),
        Movement("transfer", "checking", "savings", 25, 600, 1800),
    ),
)
