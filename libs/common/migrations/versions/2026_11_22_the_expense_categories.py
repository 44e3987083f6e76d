"""The expense categories and the line of Schedule C (2025 form) that each belongs on."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CATEGORIES = (
    # slug, name, CORA's group, kind, Schedule C line
    ("materials", "Materials & supplies (job)", "Materials", "business", "38 (Part III) or 22"),
    ("tools_equipment", "Tools & equipment", "Tools", "business", "22 or 13"),
    ("equipment_rental", "Equipment rental", "Equipment", "business", "20a"),
    ("subcontractors", "Subcontractors / contract labour", "Subcontractor", "business", "11"),
    ("payroll", "Wages & payroll", "Labor", "business", "26 (direct labour 37)"),
    ("fuel", "Fuel", "Vehicle", "business", "9"),
    ("vehicle", "Vehicle: repair, parking, tolls, registration", "Vehicle", "business", "9"),
    ("travel", "Travel: air, hotel, car hire, ride-hail, transit", "Travel", "business", "24a"),
    ("meals", "Meals", "Travel", "business", "24b"),
    ("office_supplies", "Office supplies & books", "Office", "business", "18"),
    ("software", "Software, cloud & subscriptions", "Office", "business", "27b (or 18)"),
    ("phone_internet", "Phone & internet", "Office", "business", "25"),
    ("utilities", "Utilities", "Office", "business", "25"),
    ("waste_disposal", "Waste & disposal", "Materials", "business", "27b"),
    ("rent", "Rent: office, shop, storage", "Office", "business", "20b"),
    ("repairs_maintenance", "Repairs, cleaning & maintenance", "Equipment", "business", "21"),
    ("insurance", "Insurance", "Office", "business", "15"),
    ("licenses_taxes", "Permits, licences & taxes", "Permits", "business", "23"),
    ("professional_services", "Legal, accounting & other professional", "Office", "business", "17"),
    ("advertising", "Advertising & marketing", "Office", "business", "8"),
    ("shipping", "Shipping & postage", "Office", "business", "18 or 27b"),
    ("bank_fees", "Bank & card fees", "Office", "business", "27b"),
    ("interest", "Interest", "Office", "business", "16b"),
    ("education", "Education, training & dues", "Office", "business", "27b"),
    ("groceries", "Groceries", "Other", "personal", None),
    ("shopping", "Shopping (general merchandise)", "Other", "personal", None),
    ("entertainment", "Entertainment & recreation", "Other", "personal", None),
    ("health", "Health & medical", "Other", "personal", None),
    ("personal_care", "Personal care & household services", "Other", "personal", None),
    ("donations", "Donations & dues to non-profits", "Other", "personal", None),
    ("other", "Other / unknown expense", "Other", "business", "27b"),
    ("income", "Income", None, "nonexpense", "1"),
    ("transfer", "Transfer / cash / owner draw", None, "nonexpense", None),
    ("debt_payment", "Loan & card payment", None, "nonexpense", None),
)


def upgrade() -> None:
    columns = ("slug", "name", "cora_group", "kind", "schedule_c_line")
    table = sa.table("expense_categories", *(sa.column(name, sa.Text) for name in columns))
    op.bulk_insert(table, [dict(zip(columns, row, strict=True)) for row in CATEGORIES])


def downgrade() -> None:
    op.execute("DELETE FROM expense_categories")
