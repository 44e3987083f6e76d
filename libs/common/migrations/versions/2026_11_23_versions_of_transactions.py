"""What the bank told of a transaction stays when it tells it otherwise: the table."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plaid_transaction_versions",
        sa.Column("transaction_id", sa.BigInteger(), comment="ours: goes when the transaction goes"),
        sa.Column("version", sa.BigInteger(), comment="of the row as it was; the newest twenty are kept"),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False, comment="when the bank told it so"),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("iso_currency_code", sa.Text()),
        sa.Column("unofficial_currency_code", sa.Text()),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("authorized_date", sa.Date()),
        sa.Column("datetime", sa.DateTime(timezone=True)),
        sa.Column("authorized_datetime", sa.DateTime(timezone=True)),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("merchant_name", sa.Text()),
        sa.Column("original_description", sa.Text()),
        sa.Column("payment_channel", sa.String(50)),
        sa.Column("check_number", sa.Text()),
        sa.Column("pfc_primary", sa.Text()),
        sa.Column("pfc_detailed", sa.Text()),
        sa.Column("pfc_confidence", sa.Text()),
        sa.Column("pfc_version", sa.Text()),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("pending_transaction_id", sa.String(255)),
        sa.Column("sync_status", sa.String(50), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", "version", name="pk_plaid_transaction_versions"),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["plaid_transactions.id"],
            name="fk_plaid_transaction_versions_transaction_id_plaid_transactions",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("plaid_transaction_versions")
