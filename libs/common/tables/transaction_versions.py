"""sync_worker's: how the bank told a transaction before it told it otherwise."""

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Numeric, String, Table, Text

from common.tables.base import metadata, moment

plaid_transaction_versions = Table(
    "plaid_transaction_versions",
    metadata,
    Column(
        "transaction_id",
        BigInteger,
        ForeignKey("plaid_transactions.id", ondelete="CASCADE"),
        primary_key=True,
        comment="ours: goes when the transaction goes",
    ),
    Column("version", BigInteger, primary_key=True, comment="of the row as it was; the newest twenty are kept"),
    moment("told_at", "when the bank told it so", nullable=False),
    Column("amount", Numeric, nullable=False),
    Column("iso_currency_code", Text),
    Column("unofficial_currency_code", Text),
    Column("date", Date, nullable=False),
    Column("authorized_date", Date),
    moment("datetime"),
    moment("authorized_datetime"),
    Column("name", Text, nullable=False),
    Column("merchant_name", Text),
    Column("original_description", Text),
    Column("payment_channel", String(50)),
    Column("check_number", Text),
    Column("pfc_primary", Text),
    Column("pfc_detailed", Text),
    Column("pfc_confidence", Text),
    Column("pfc_version", Text),
    Column("pending", Boolean, nullable=False),
    Column("pending_transaction_id", String(255)),
    Column("sync_status", String(50), nullable=False),
)
