"""The requests of Plaid's API that the stand-in understands (https://plaid.com/docs/api)."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from plaid_sandbox.validation import Ask

Days = Annotated[int, Field(ge=1, le=730)]
Day = Annotated[date, Field(strict=False)]
Amount = Annotated[Decimal, Field(strict=False, allow_inf_nan=False)]
Country = Literal[
    "US",
    "GB",
    "ES",
    "NL",
    "FR",
    "IE",
    "CA",
    "DE",
    "IT",
    "PL",
    "DK",
    "NO",
    "SE",
    "EE",
    "LT",
    "LV",
    "PT",
    "BE",
    "AT",
    "FI",
]
Countries = Annotated[list[Country], Field(min_length=1)]
Language = Literal["da", "nl", "en", "et", "fr", "de", "hi", "it", "lv", "lt", "no", "pl", "pt", "ro", "es", "sv", "vi"]
Product = Literal[
    "assets", "auth", "employment", "identity", "income_verification", "identity_verification", "investments",
    "liabilities", "payment_initiation", "signal", "standing_orders", "statements", "transactions", "transfer",
]  # fmt: skip


def _web_address(value: str) -> str:
    parts = urlsplit(value)  # raises ValueError itself where brackets or the like are wrong
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http or https URL")
    return value


def _plain_address(value: str) -> str:
    if "?" in value or "#" in value:
        raise ValueError("must not contain a query string or a fragment")
    parts = urlsplit(_web_address(value))
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1"}:
        raise ValueError("must use https, or http on localhost")
    return value


WebAddress = Annotated[str, AfterValidator(_web_address)]
RedirectAddress = Annotated[str, AfterValidator(_plain_address)]


class Part(BaseModel):
    """An object inside a request."""

    model_config = ConfigDict(extra="forbid", strict=True)


class OnItem(Ask):
    """A request about one Item."""

    access_token: str


class LinkUser(Part):
    client_user_id: Annotated[str, Field(min_length=1)]
    legal_name: str | None = None
    name: dict[str, object] | None = None
    phone_number: Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")] | None = None
    phone_number_verified_time: str | None = None
    email_address: str | None = None
    email_address_verified_time: str | None = None
    ssn: str | None = None
    date_of_birth: str | None = None
    address: dict[str, object] | None = None
    id_number: dict[str, object] | None = None


class LinkTransactions(Part):
    days_requested: Days = 90


class LinkUpdate(Part):
    account_selection_enabled: bool = False
    reauthorization_enabled: bool = False
    user: bool = False
    item_ids: list[str] | None = None


class LinkTokenCreate(Ask):
    """Fields of products that the stand-in does not have are refused as unknown."""

    client_name: Annotated[str, Field(min_length=1)]
    language: Language
    country_codes: Countries
    user: LinkUser | None = None
    user_id: str | None = None
    user_token: str | None = None
    products: list[Product] | None = None
    required_if_supported_products: list[Product] | None = None
    optional_products: list[Product] | None = None
    additional_consented_products: list[Product] | None = None
    webhook: WebAddress | None = None
    access_token: str | None = None
    link_customization_name: str | None = None
    redirect_uri: RedirectAddress | None = None
    android_package_name: str | None = None
    account_filters: dict[str, dict[str, list[str]]] | None = None
    institution_id: str | None = None
    update: LinkUpdate | None = None
    transactions: LinkTransactions | None = None


class LinkTokenGet(Ask):
    link_token: str


class PublicTokenExchange(Ask):
    public_token: str


class AccountOptions(Part):
    account_ids: list[str] | None = None
    min_last_updated_datetime: str | None = None


class AccountsGet(OnItem):
    options: AccountOptions | None = None


class ItemRemove(OnItem):
    reason_code: str | None = None
    reason_note: Annotated[str, Field(max_length=512)] | None = None


class WebhookUpdate(OnItem):
    webhook: WebAddress | None = None


class InstitutionOptions(Part):
    include_optional_metadata: bool | None = False
    include_status: bool | None = False
    include_auth_metadata: bool | None = False
    include_payment_initiation_metadata: bool | None = False
    products: list[str] | None = None
    routing_numbers: list[str] | None = None
    oauth: bool | None = None


class InstitutionGet(Ask):
    institution_id: str
    country_codes: Countries
    options: InstitutionOptions | None = None


class InstitutionsGet(Ask):
    count: Annotated[int, Field(ge=1, le=500)]
    offset: Annotated[int, Field(ge=0)]
    country_codes: Countries
    options: InstitutionOptions | None = None


class SyncOptions(Part):
    include_original_description: bool | None = False
    include_personal_finance_category: bool | None = True
    include_logo_and_counterparty_beta: bool | None = False
    personal_finance_category_version: Literal["v1", "v2"] | None = None
    days_requested: Days | None = None
    account_id: str | None = None


class TransactionsSync(OnItem):
    cursor: Annotated[str, Field(max_length=256)] = ""
    count: Annotated[int, Field(ge=1, le=500)] = 100
    options: SyncOptions | None = None


class WebhookKeyGet(Ask):
    key_id: str


class SandboxTransactionsOptions(Part):
    days_requested: Days = 90
    start_date: Day | None = None
    end_date: Day | None = None


class SandboxTokenOptions(Part):
    webhook: WebAddress | None = None
    override_username: str | None = "user_good"
    override_password: str | None = "pass_good"  # noqa: S105 - published
    transactions: SandboxTransactionsOptions | None = None


class SandboxTokenCreate(Ask):
    institution_id: str
    initial_products: Annotated[list[Product], Field(min_length=1)]
    options: SandboxTokenOptions | None = None
    user_id: str | None = None
    user_token: str | None = None


class FireOptions(Part):
    new_transactions: Annotated[int, Field(ge=0)] = 0


class FireWebhook(OnItem):
    webhook_code: str
    webhook_type: str | None = None
    options: FireOptions | None = None


class SandboxTransaction(Part):
    date_transacted: Day
    date_posted: Day
    amount: Amount
    description: Annotated[str, Field(min_length=1)]
    iso_currency_code: str | None = None
    account_id: str | None = None


class SandboxTransactionsCreate(OnItem):
    transactions: Annotated[list[SandboxTransaction], Field(min_length=1, max_length=10)]
