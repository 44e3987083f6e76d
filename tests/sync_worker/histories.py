"""A machine that plays random histories of one item: at the bank, with webhooks in any order, faults and crashes.

The stand-in's truth is the model. Whatever happened, once nothing is left to do our rows equal it.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.events import SyncRequested, TransactionsChanged
from sync_worker.loop import MUTATION
from tests.sync_worker.faults import Crash, Steps, failing
from tests.sync_worker.world import Linked, Worker, World

T = TypeVar("T")

TIME_PASSES = """
    UPDATE plaid_integrations SET lease_expires_at = now() - interval '1 s', next_sync_at = now() WHERE id = :id;
"""
RETRY_QUARANTINE = "UPDATE quarantined_transactions SET next_retry_at = now() WHERE integration_id = :id"
VERSIONS = "SELECT id, version FROM plaid_transactions WHERE integration_id = :id"
ANNOUNCED = "SELECT body FROM outbox WHERE type = 'transactions.changed'"
WAITING = "SELECT transaction_id FROM quarantined_transactions WHERE integration_id = :id AND resolved_at IS NULL"
GONE_ACCOUNTS = "SELECT account_id FROM plaid_accounts WHERE integration_id = :id AND NOT is_active"

SAME_IN_EVERY_RUN = ("date", "name", "amount", "pending")
"""Unlike ids: so that a history that fails can be played again."""

AMOUNTS = st.decimals(min_value="-1e9", max_value="1e9", places=7).filter(bool)
CURRENCIES = st.sampled_from(
    [{}, {"iso_currency_code": "JPY"}, {"iso_currency_code": "KWD"}, {"unofficial_currency_code": "USDT"}]
)
NAMES = st.sampled_from(["LUMBER YARD", "Café ☕ 日本", "x" * 500, "'; DROP TABLE expenses; --"])
WEBHOOKS = st.lists(
    st.sampled_from(
        [
            ("TRANSACTIONS", "SYNC_UPDATES_AVAILABLE"),
            ("ITEM", "ERROR"),
            ("ITEM", "LOGIN_REPAIRED"),
            ("ITEM", "NEW_ACCOUNTS_AVAILABLE"),
            ("ITEM", "A_CODE_OF_TOMORROW"),
        ]
    ),
    min_size=1,
    max_size=4,
)
ODD = st.sampled_from(
    [{"amount": None}, {"date": "someday"}, {"iso_currency_code": "EUR", "unofficial_currency_code": "X"}]
)
CODES = st.sampled_from(
    [
        MUTATION,
        "INTERNAL_SERVER_ERROR",
        "INSTITUTION_DOWN",
        "TRANSACTIONS_SYNC_LIMIT",
        "INVALID_API_KEYS",
        "PLANNED_MAINTENANCE",
    ]
)
PATHS = st.sampled_from(["/transactions/sync", "/accounts/get", "/item/get"])


class Histories(RuleBasedStateMachine):
    """One history of one item, served by two workers."""

    def __init__(self, runner: asyncio.Runner, world: World, workers: Sequence[Worker]) -> None:
        super().__init__()
        self._runner = runner
        self._world = world
        self._workers = workers
        self._odd: set[str] = set()
        self._withdrawn: str | None = None
        self._strangers = 0
        self._item: Linked
        self._user = ""

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    # --- what happens at the bank ---------------------------------------------------------------------------------

    @initialize(user=st.sampled_from(["user_transactions_dynamic", "user_household"]), days=st.integers(1, 40))
    def link(self, user: str, days: int) -> None:
        """Link a bank; its first history comes now, or when its time comes."""
        for worker in self._workers:
            worker.emitted.clear()
            worker.plaid.watch.page_size = 500
        self._do(self._world.rows("DELETE FROM outbox"))
        self._do(self._world.rows("DELETE FROM institution_health"))
        self._user = user
        self._item = self._do(self._world.link(user, days=days))

    @rule(amount=AMOUNTS, name=NAMES, currency=CURRENCIES, pending=st.booleans())
    def spend(self, amount: Any, name: str, currency: dict[str, str], pending: bool) -> None:
        """The user buys something; it may be pending first."""
        self._do(self._bank("transactions", amount=amount, name=name, pending=pending, **currency))

    @rule()
    def post(self) -> None:
        """Pending ones post under other ids, or vanish; some come again unchanged."""
        self._do(self._bank("refresh"))

    @rule(pick=st.integers(0, 10**6), amount=st.none() | AMOUNTS)
    def modify(self, pick: int, amount: Any) -> None:
        """The bank corrects a transaction, or sends it once more as it was."""
        if (one := self._pick(pick)) is not None:
            self._do(
                self._bank("transactions/edit", transaction_id=one, **({} if amount is None else {"amount": amount}))
            )

    @rule(pick=st.integers(0, 10**6))
    def withdraw(self, pick: int) -> None:
        """The bank takes a transaction back."""
        if (one := self._pick(pick)) is not None:
            self._do(self._bank("transactions/withdraw", transaction_ids=[one]))
            self._withdrawn = one

    @precondition(lambda self: self._withdrawn is not None)
    @rule()
    def restore(self) -> None:
        """What was taken back comes again under its old id."""
        self._do(self._if_possible("transactions/restore", transaction_ids=[self._withdrawn]))
        self._withdrawn = None

    @rule(stranger=st.booleans())
    def tell_removals_that_nobody_needs(self, stranger: bool) -> None:
        """A removal comes again, or before its transaction, which may then be restored as any other."""
        if stranger or self._withdrawn is None:
            self._strangers += 1
            self._withdrawn = f"stranger {self._strangers} of {self._item.item_id}"
        self._do(self._if_possible("transactions/echo_removals", transaction_ids=[self._withdrawn]))

    @rule(pick=st.integers(0, 10**6), fields=ODD)
    def garble(self, pick: int, fields: dict[str, Any]) -> None:
        """A transaction comes in a form that nobody can use."""
        if (one := self._pick(pick)) is not None:
            self._do(self._bank("transactions/odd", transaction_id=one, fields=fields))
            self._odd.add(one)

    @precondition(lambda self: self._odd)
    @rule()
    def mend(self) -> None:
        """It comes as it should."""
        self._do(self._mend(self._odd.pop()))

    @rule(what=st.sampled_from(["open", "close", "churn"]))
    def change_accounts(self, what: str) -> None:
        """An account appears, vanishes, or goes on under another id."""

        async def change() -> None:
            accounts = (await self._truth())["accounts"]
            if what == "open":
                await self._bank("accounts/open", name=f"Account {len(accounts)}", mask=f"{len(accounts):04}")
            elif len(accounts) > 1:
                await self._bank(f"accounts/{what}", account_id=accounts[-1]["account_id"])

        self._do(change())

    # --- what goes wrong ------------------------------------------------------------------------------------------

    @rule(
        size=st.integers(1, 30),
        order=st.sampled_from(["log", "removed_first", "removed_last", "shuffled:1", "shuffled:2"]),
    )
    def cut_pages(self, size: int, order: str) -> None:
        """Updates come in pages of this size and order: a removal before or after its successor."""
        self._do(self._bank("pages", size=size, order=order))

    @rule(times=st.integers(1, 8))
    def move_under_the_reader(self, times: int) -> None:
        """Data changes between a reader's pages."""
        self._do(self._bank("mutations", times=times))

    @rule()
    def refuse_cursors(self) -> None:
        """Plaid forgets every cursor that it handed out."""
        self._do(self._bank("cursors/refuse"))

    @rule(code=CODES, path=PATHS, calls=st.integers(1, 4), after=st.integers(0, 2))
    def fail(self, code: str, path: str, calls: int, after: int) -> None:
        """The next calls fail."""
        outage = {"error_code": code, "path": path, "calls": calls, "after": after, "item_id": self._item.item_id}
        self._do(self._world.bank.fail_next(**outage))

    @rule(path=PATHS)
    def cut_off(self, path: str) -> None:
        """An answer breaks off in the middle."""
        self._do(self._world.bank.fail_next(path=path, cut=True, item_id=self._item.item_id))

    @rule()
    def break_login(self) -> None:
        """The login needs its user."""
        self._do(self._world.bank.break_login(self._item.access_token))

    # --- what the workers do --------------------------------------------------------------------------------------

    @rule(bells=WEBHOOKS, apart=st.booleans())
    def hear(self, bells: list[tuple[str, str]], apart: bool) -> None:
        """Webhooks come, in any order, to one worker or to both at once."""

        async def ring() -> None:
            each = [
                self._workers[number % 2 if apart else 0].hear(self._item.item_id, code, kind)
                for number, (kind, code) in enumerate(bells)
            ]
            await asyncio.gather(*each)

        self._do(ring())

    @rule(at=st.integers(1, 60), how=st.sampled_from(["raise", "cancel", "die"]), beside=st.booleans())
    def crash(self, at: int, how: str, beside: bool) -> None:
        """A worker fails at its n-th statement, commit or call, perhaps while the other one works too."""

        async def ring() -> None:
            worker, other = self._workers
            with failing(Steps(at, how), worker.database, worker.plaid):
                message = asyncio.create_task(worker.hear(self._item.item_id))
                if beside:
                    await other.hear(self._item.item_id)
                with suppress(Crash, asyncio.CancelledError):
                    await message

        self._do(ring())

    @rule()
    def sweep(self) -> None:
        """Time passes, and the clock rings for what is due."""
        self._do(self._time_passes())

    @rule()
    def settle(self) -> None:
        """Nothing more happens: what is left to do gets done, and then our rows are the bank's truth."""
        self._do(self._settle())

    def teardown(self) -> None:
        """Every history ends well."""
        if hasattr(self, "_item"):
            self._do(self._settle())

    @invariant()
    def holds(self) -> None:
        """At every moment: no cursor without its rows, an event for each version, no lease that nobody holds."""
        if hasattr(self, "_item"):
            self._do(self._whole())

    # --- how ------------------------------------------------------------------------------------------------------

    async def _bank(self, what: str, **body: Any) -> Any:
        return await self._world.bank.control(self._item.item_id, what, **body)

    async def _if_possible(self, what: str, **body: Any) -> None:
        """Let it happen, unless what else happened at the bank makes it senseless: then the bank refuses."""
        answer = await self._world.bank.client.post(f"/sandbox_control/items/{self._item.item_id}/{what}", json=body)
        assert answer.status_code in {200, 400, 404}, answer.text

    async def _truth(self) -> Any:
        answer = await self._world.bank.client.get(f"/sandbox_control/items/{self._item.item_id}/truth")
        return answer.raise_for_status().json()

    def _pick(self, pick: int) -> str | None:
        truth = self._do(self._world.bank.truth(self._item.item_id))
        ids = sorted(truth, key=lambda one: [str(truth[one].get(name)) for name in SAME_IN_EVERY_RUN])
        return ids[pick % len(ids)] if ids else None

    async def _mend(self, one: str) -> None:
        if one in await self._world.bank.truth(self._item.item_id):  # else it posted, or was taken back
            await self._bank("transactions/odd", transaction_id=one)

    async def _time_passes(self) -> None:
        await self._world.rows(TIME_PASSES, id=self._item.id)
        await self._world.rows("UPDATE institution_health SET open_until = now(), probe_until = NULL")
        worker = self._workers[0]
        told = len(worker.events(SyncRequested))
        await worker.sweep.once()
        for event in worker.events(SyncRequested)[told:]:
            if event.integration_id == self._item.id:
                await worker.doorbells.on_sweep(event)

    async def _settle(self) -> None:
        await self._world.bank.post("/sandbox_control/outages/clear", {})
        await self._bank("mutations", times=0)
        await self._world.bank.repair_login(self._item.access_token, self._user)
        while self._odd:
            await self._mend(self._odd.pop())
        await self._workers[0].ring(self._item.id, "repaired")
        await self._world.rows(RETRY_QUARANTINE, id=self._item.id)
        for _ in range(3):
            await self._time_passes()
        await self._assert_truth()

    async def _assert_truth(self) -> None:
        row = await self._world.integration(self._item)
        assert (row["status"], row["last_sync_error"], row["lease_token"]) == ("active", None, None), dict(row)
        assert row["processed_seq"] == row["requested_seq"]
        gone = {one["account_id"] for one in await self._world.rows(GONE_ACCOUNTS, id=self._item.id)}
        ours = await self._world.transactions(self._item)
        wrong = await self._world.differences(self._item)
        kept = {key for key, what in wrong.items() if what == "extra" and ours[key]["account_id"] in gone}
        assert wrong.keys() == kept, wrong
        waiting = {row["transaction_id"] for row in await self._world.rows(WAITING, id=self._item.id)}
        both = {key for key in waiting & ours.keys() if ours[key]["account_id"] not in gone}
        assert both == set()  # a closed account's last correction may wait for ever: Plaid names it no more

    async def _whole(self) -> None:
        """Every version of a row was announced exactly once, in the transaction that made it."""
        versions = {row["id"]: row["version"] for row in await self._world.rows(VERSIONS, id=self._item.id)}
        events = [TransactionsChanged.model_validate_json(row["body"]) for row in await self._world.rows(ANNOUNCED)]
        mine = [event for event in events if event.integration_id == self._item.id]
        assert Counter(i for event in mine for i in event.transaction_ids) == versions
        row = await self._world.integration(self._item)
        assert row["processed_seq"] <= row["requested_seq"]
        assert row["cursor"] != ""
