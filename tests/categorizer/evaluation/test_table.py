from pathlib import Path

import pytest

from categorizer.evaluation.table import NotATable, Row, Unreadable, read

CATEGORIES = {"meals", "fuel", "groceries"}
HEAD = b"id,name,amount,category\n"


def rows(tmp_path: Path, raw: bytes) -> list[Row | Unreadable]:
    """Return what is read from these bytes."""
    path = tmp_path / "rows.csv"
    path.write_bytes(raw)
    return list(read(path, CATEGORIES))


def good(found: list[Row | Unreadable]) -> list[tuple[int, str]]:
    return [(row.line, row.transaction.name) for row in found if isinstance(row, Row)]


def bad(found: list[Row | Unreadable]) -> list[int]:
    return [row.line for row in found if isinstance(row, Unreadable)]


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"1,SHELL,3.10,fuel\n",
        b"\xef\xbb\xbf" + HEAD + b"1,SHELL,3.10,fuel\n",
        HEAD.replace(b"\n", b"\r\n") + b"1,SHELL,3.10,fuel\r\n\r\n",
        HEAD.replace(b"\n", b"\r") + b"1,SHELL,3.10,fuel",
        b'"id" , "name", amount ,CATEGORY,colour\n1,SHELL,3.10,fuel,red\n'.replace(b'" , "', b'","').replace(
            b", a", b",a"
        ),
        b"name,id\nSHELL,1\n",
        b"merchant_name\nSHELL\n",
        b"original_description\nSHELL\n",
    ],
)
def test_forms(tmp_path: Path, raw: bytes) -> None:
    """Byte order marks, ends of lines, case and order of columns, others beside them: all the same row."""
    found = rows(tmp_path, raw)
    assert good(found) == [(2, "SHELL")]
    assert not bad(found)


def test_fields(tmp_path: Path) -> None:
    """Amounts are exact; what is empty is unknown; without an id the line's number is one."""
    first, second = rows(
        tmp_path, b"name,amount,weight,also_ok,category\nA,-2.4699999999999998,2.5,meals|fuel,groceries\nB,,,,\n"
    )
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert str(first.transaction.amount) == "-2.4699999999999998"
    assert (first.label, sorted(first.also_ok), first.weight) == ("groceries", ["fuel", "meals"], 2.5)
    assert (second.id, str(second.transaction.amount), second.label) == ("3", "0", None)
    assert (second.also_ok, second.weight) == (frozenset(), 1.0)


@pytest.mark.parametrize(
    "line",
    [
        b"1,SHELL,abc,fuel",
        b"1,SHELL,NaN,fuel",
        b"1,SHELL,1_000,fuel",
        b"1,SHELL,1e999,fuel",
        b"1,SHELL,\xd9\xa3,fuel",
        b"1,SHELL,3.10,space",
        b"1,SHELL,3.10",
        b"1,SHELL,3.10,fuel,5",
        b"1,SH\x00ELL,3.10,fuel",
        b"1,SH\xffELL,3.10,fuel",
        b'1,"SHELL,3.10,fuel',
        b'1,"SH"ELL,3.10,fuel',
        b"1," + b"X" * 200_000 + b",3.10,fuel",
    ],
)
def test_a_bad_row_costs_no_other(tmp_path: Path, line: bytes) -> None:
    """A row that cannot be read is told by its line, and those around it are read."""
    found = rows(tmp_path, HEAD + b"1,BEFORE,1,fuel\n" + line + b"\n2,AFTER,1,fuel\n")
    assert good(found) == [(2, "BEFORE"), (4, "AFTER")]
    assert bad(found) == [3]


def test_a_field_of_several_lines(tmp_path: Path) -> None:
    """A quoted field may hold ends of lines, commas and quotes, and lines are counted right after it."""
    found = rows(tmp_path, HEAD + b'1,"A ""B"",\nC",1,fuel\n2,D,x,fuel\n')
    assert good(found) == [(2, 'A "B",\nC')]
    assert bad(found) == [4]


def test_many_open_quotes(tmp_path: Path) -> None:
    """Thousands of quotes that nobody closed are told one by one, in no time to speak of."""
    found = rows(tmp_path, HEAD + b'1,"A,1,fuel\n2,"B\n' * 1 + b'"x"y,\n' * 3000)
    assert len(found) == len(bad(found))
    assert len(found) >= 3000


@pytest.mark.parametrize(
    "raw", [b"", b"\n\n", b"\xef\xbb\xbf", b"colour,size\nred,3\n", b"name,name\nA,B\n", "name\nA\n".encode("utf-16"),
            b'"name\nA\n', b"na\x00me\nA\n", b"\xff\xd8\xff\xe0 JFIF"],
)  # fmt: skip
def test_no_table(tmp_path: Path, raw: bytes) -> None:
    """What is no table is refused with a sentence."""
    with pytest.raises(NotATable, match=r"^It"):
        rows(tmp_path, raw)
