"""What a program may rely on in the logs: events have fixed names, and fields hold ids and numbers."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.architecture.test_house import sources

LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "msg", "log"})
METHODS = LEVELS | {f"a{level}" for level in LEVELS}
BINDING = frozenset({"bind", "new", "unbind", "try_unbind"})
MAKERS = frozenset({"get_logger", "getLogger", "wrap_logger"})
EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)?")
PRIVATE = frozenset(
    {"name", "merchant", "merchant_name", "description", "note", "amount", "text", "token", "email", "raw", "body"}
)
"""Fields that would hold what somebody bought, wrote or must keep."""


@dataclass
class Loggers:
    """The loggers of structlog that a module knows, and its names for their methods."""

    tree: ast.Module
    makers: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        nodes = list(ast.walk(self.tree))
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
            elif isinstance(node, ast.arg) and node.annotation and "BoundLogger" in ast.unparse(node.annotation):
                self.names.add(node.arg)
        known = -1
        while known < (known := len(self.names) + len(self.methods)):  # a name may stand for one found later
            for node in nodes:
                if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    self._assign([ast.unparse(target) for target in targets], node.value)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for one in node.names:
            called = one.asname or one.name
            if isinstance(node, ast.Import) and one.name.partition(".")[0] == "structlog":
                self.makers |= {f"{called}.{maker}" for maker in MAKERS}
                self.makers |= {f"{called}.stdlib.{maker}" for maker in MAKERS}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "structlog":
                self.makers |= {called} if one.name in MAKERS else {f"{called}.{maker}" for maker in MAKERS}

    def _assign(self, targets: list[str], value: ast.expr) -> None:
        if self._is_logger(value):
            self.names.update(targets)
        elif (
            any(self._is_method(one) for one in (value.body, value.orelse))
            if isinstance(value, ast.IfExp)
            else (self._is_method(value))
        ):
            self.methods.update(targets)

    def _is_logger(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Call):
            return ast.unparse(node) in self.names
        if isinstance(node.func, ast.Attribute) and node.func.attr in BINDING:
            return self._is_logger(node.func.value)
        return ast.unparse(node.func) in self.makers

    def _is_method(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            return self._is_logger(node.value)
        return ast.unparse(node) in self.methods

    def lines(self) -> Iterator[ast.Call]:
        """Yield every line that is logged."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call) and self._is_method(node.func))

    def bindings(self) -> Iterator[ast.Call]:
        """Yield every call that gives fields to the lines after it."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and (
                ast.unparse(node.func).rpartition(".")[2] in {"bound_contextvars", "bind_contextvars", "correlated"}
                or (isinstance(node.func, ast.Attribute) and node.func.attr in BINDING and self._is_logger(node))
            ):
                yield node


def loggers(path: Path) -> Loggers:
    """Return a module's loggers."""
    return Loggers(ast.parse(path.read_text()))


LOGGING = [path for path in sources() if path.parts[0] in {"services", "libs"} and any(loggers(path).lines())]


@pytest.mark.parametrize("path", LOGGING, ids=str)
def test_events_have_fixed_names(path: Path) -> None:
    """Each line's event is a name written there, by which it is found and counted; what varies is in fields."""
    for call in loggers(path).lines():
        event = call.args[0]
        assert isinstance(event, ast.Constant), ast.unparse(call)
        assert EVENT.fullmatch(str(event.value)), event.value
        assert len(call.args) == 1, ast.unparse(call)


@pytest.mark.parametrize("path", LOGGING, ids=str)
def test_fields_hold_no_personal_text(path: Path) -> None:
    """No field is made for what only the user and the bank should know, in a line or for the lines after it."""
    known = loggers(path)
    for call in (*known.lines(), *known.bindings()):
        assert not PRIVATE & {keyword.arg for keyword in call.keywords}, ast.unparse(call)


def test_the_search_finds_them() -> None:
    """The laws above are about as many modules as log."""
    assert len(LOGGING) > 30


@pytest.mark.parametrize(
    "source",
    [
        "import structlog\nwriter = structlog.get_logger(__name__)\nwriter.info('x')",
        (
            "import structlog as s\nclass A:\n  def __init__(self): self._say = s.stdlib.get_logger()\n"
            "  async def b(self): await self._say.ainfo('x')"
        ),
        "from structlog import get_logger as find\nfind().bind(item=1).warning('x')",
        "from structlog import stdlib\nlogger: object = stdlib.get_logger()\nbound = logger.bind()\nbound.error('x')",
        "import structlog\nlog = structlog.get_logger()\ntell = log.warning if 1 else log.info\ntell('x')",
        "from structlog.typing import FilteringBoundLogger\ndef f(to: FilteringBoundLogger): to.exception('x')",
    ],
)
def test_a_logger_is_found_whatever_it_is_called(source: str) -> None:
    """By what made it, not by its name: bound, handed in, kept in an object, or by a name for one of its methods."""
    assert [ast.unparse(call.args[0]) for call in Loggers(ast.parse(source)).lines()] == ["'x'"]


@pytest.mark.parametrize(
    "source",
    ["import logging\nlog = logging.getLogger()\nlog.info('x')", "import math\nmath.log(2)", "task.exception()"],
)
def test_what_is_no_logger_of_structlog_is_left_alone(source: str) -> None:
    """Other things have methods of these names."""
    assert list(Loggers(ast.parse(source)).lines()) == []
