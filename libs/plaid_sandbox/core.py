"""All parts of one stand-in, wired."""

from dataclasses import dataclass

import httpx2

from plaid_sandbox.calls import CallLog
from plaid_sandbox.clock import Clock
from plaid_sandbox.durability import Durability
from plaid_sandbox.feed import Feed
from plaid_sandbox.identifiers import Mint
from plaid_sandbox.limits import Limiter, limits_of
from plaid_sandbox.links import Links
from plaid_sandbox.occurrences import Occurrences
from plaid_sandbox.outages import Outages
from plaid_sandbox.registry import Registry
from plaid_sandbox.settings import Settings
from plaid_sandbox.tasks import Tasks
from plaid_sandbox.webhooks.courier import Courier
from plaid_sandbox.webhooks.keys import KeyRing

RESTS = 2.0
"""Seconds after which a connection to a receiver is not used again: many close one that rests for 5."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One stand-in's whole state; two of them share nothing."""

    settings: Settings
    clock: Clock
    durability: Durability
    calls: CallLog
    mint: Mint
    registry: Registry
    links: Links
    keys: KeyRing
    courier: Courier
    feed: Feed
    tasks: Tasks
    limiter: Limiter
    outages: Outages
    occurrences: Occurrences
    client: httpx2.AsyncClient


def build(settings: Settings, clock: Clock) -> Sandbox:
    """Return a stand-in with no Items; its state follows from the seed and the calls made to it."""
    mint, tasks, durability, occurrences = Mint(settings.seed), Tasks(), Durability(), Occurrences()
    keys = KeyRing(mint, clock)
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=RESTS)
    client = httpx2.AsyncClient(trust_env=False, limits=limits)
    courier = Courier(client, keys, clock, tasks, durability=durability, settings=settings)
    return Sandbox(
        settings=settings,
        clock=clock,
        durability=durability,
        calls=CallLog(clock),
        mint=mint,
        registry=Registry(mint, clock),
        links=Links(mint, clock),
        keys=keys,
        courier=courier,
        feed=Feed(clock, courier, tasks, occurrences, durability=durability, settings=settings),
        tasks=tasks,
        limiter=Limiter(limits_of(settings.rate_limits)),
        outages=Outages(),
        occurrences=occurrences,
        client=client,
    )
