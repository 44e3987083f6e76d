"""All levers by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from plaid_sandbox.control import accounts, bank, items, limits, reading, transactions
from plaid_sandbox.control.levers import ItemLever, Lever

_OF_ITEMS = [*transactions.LEVERS, *accounts.LEVERS, *reading.LEVERS, *items.LEVERS]
_OF_ALL = [*bank.LEVERS, *limits.LEVERS]

OF_ITEMS: Mapping[str, ItemLever[Any]] = MappingProxyType({lever.name: lever for lever in _OF_ITEMS})
OF_ALL: Mapping[str, Lever[Any]] = MappingProxyType({lever.name: lever for lever in _OF_ALL})
