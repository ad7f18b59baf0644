"""The closure of a function: another one when its code says anything else, and only then."""

import pytest

from provisioning_assets.core.closures import Closures

CHECKS = '''
"""A module of checks."""

import re
from typing import TYPE_CHECKING

from house import tools
from house.rooms import kitchen as cooking
from house.tools import renamed as helper
from house.words import Colour

if TYPE_CHECKING:
    from house.unused import Thing

LIMIT = 3
_TABLE = {"a": lambda: _listed()}


@readiness_item(review_item=1)
def check(run: "Thing") -> bool:
    """What it is."""
    # what it does
    task = [unrelated for unrelated in run.all() if tools.right(unrelated, LIMIT)]
    return helper(task) and Colour.RED and cooking.cook() and _TABLE["a"]() and _Judge(run).judge()


class _Judge:
    def __init__(self, run):
        self.run = run

    def judge(self):
        return _inner(self.run)


def _inner(run):
    import house.late

    return house.late.done(run) + re.escape("x")


def _listed():
    return 1


def unrelated():
    return 2


def task():
    return 3
'''
SOURCES = {
    "house.checks": CHECKS,
    "house.tools": "from house.deep import renamed\ndef right(x, y):\n    return x < y\ndef wrong():\n    return 0\n",
    "house.deep": "def renamed(x):\n    return recursive(x)\n\ndef recursive(x):\n    return x and recursive(x[1:])\n",
    "house.rooms": "",
    "house.rooms.kitchen": "def cook():\n    return secret.product()\n\nfrom outside import secret\n",
    "house.words": "from enum import StrEnum\n\nclass Colour(StrEnum):\n    RED = 'red'\n    BLUE = 'blue'\n",
    "house.late": "def done(x):\n    return 1\n",
}
REACHED = {
    "house.checks:check", "house.checks:LIMIT", "house.checks:_TABLE", "house.checks:_listed", "house.checks:_Judge",
    "house.checks:_inner", "house.tools:right", "house.deep:renamed", "house.deep:recursive",
    "house.rooms.kitchen:cook", "house.words:Colour.RED", "house.late:done",
}  # fmt: skip


def closure(**changed: tuple[str, str]) -> dict[str, str]:
    """The closure of the check, after an edit of a module."""
    sources = dict(SOURCES)
    for module, (old, new) in changed.items():
        name = f"house.{module}" if module != "kitchen" else "house.rooms.kitchen"
        assert old in sources[name]
        sources[name] = sources[name].replace(old, new)
    return Closures(sources.get).of("house.checks", "check")


def test_it_holds_its_own_code_and_what_that_names() -> None:
    found = closure()
    assert set(found) == REACHED
    assert next(iter(found)) == "house.checks:check"


@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        ({"checks": ("LIMIT = 3", "LIMIT = 4")}, "house.checks:LIMIT"),
        ({"checks": ("_inner(self.run)", "not _inner(self.run)")}, "house.checks:_Judge"),
        ({"checks": ("    return 1\n", "    return 2\n")}, "house.checks:_listed"),
        ({"tools": ("x < y", "x <= y")}, "house.tools:right"),
        ({"deep": ("x[1:]", "x[2:]")}, "house.deep:recursive"),
        ({"words": ("'red'", "'reds'")}, "house.words:Colour.RED"),
        ({"late": ("return 1", "return 0")}, "house.late:done"),
    ],
)
def test_another_line_of_what_it_reaches_is_another_closure(edit: dict[str, tuple[str, str]], changed: str) -> None:
    before, after = closure(), closure(**edit)
    assert {name for name in before if before[name] != after.get(name)} == {changed}


@pytest.mark.parametrize(
    "edit",
    [
        {"checks": ('    """What it is."""\n', '    """What it is now."""\n')},
        {"checks": ("    # what it does\n", "")},
        {"checks": ('run: "Thing"', 'run: "Another"')},
        {"checks": ("review_item=1", "review_item=2")},
        {"checks": ("return 2", "return 4")},
        {"checks": ("return 3", "return 4")},
        {"checks": ("\n\n\n", "\n\n\n\n")},
        {"tools": ("return 0", "return 1")},
        {"words": ("'blue'", "'green'")},
        {"words": ("    BLUE = 'blue'\n", "    BLUE = 'blue'\n    GREEN = 'green'\n")},
    ],
)
def test_what_says_nothing_to_it_changes_nothing(edit: dict[str, tuple[str, str]]) -> None:
    assert closure(**edit) == closure()


def test_a_name_that_leads_elsewhere_is_another_closure() -> None:
    before = closure()
    after = closure(checks=("renamed as helper", "wrong as helper"))
    assert before.keys() - after.keys() == {"house.deep:renamed", "house.deep:recursive"}
    assert after.keys() - before.keys() == {"house.tools:wrong"}


MODELS = """
class Owner:
    name: str = "a"

    @property
    def keeps(self):
        return self.product in listed()

    def other(self):
        return 1

def listed():
    return ()
"""


@pytest.mark.parametrize("asked", ["run.owner.keeps", "run.owner().keeps", "[each.keeps for each in run.owners]"])
def test_a_property_of_what_is_handed_in_is_reached_by_its_name(asked: str) -> None:
    sources = {"checks": f"def check(run):\n    return {asked}\n", "models": MODELS}
    found = Closures(sources.get, ("models",)).of("checks", "check")
    assert set(found) == {"checks:check", "models:Owner.keeps", "models:listed"}
    for old in ("in listed()", "()\n"):
        edited = {**sources, "models": MODELS.replace(old, f"not {old}")}
        assert Closures(edited.get, ("models",)).of("checks", "check") != found
    edited = {**sources, "models": MODELS.replace("return 1", "return 2")}
    assert Closures(edited.get, ("models",)).of("checks", "check") == found


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("limit = 1\ndef check(limit=limit): return limit\n", "= 1", "= 2"),
        ("limit = 1\ndef check(*, limit=limit): return limit\n", "= 1", "= 2"),
        ("limit = 1\ndef check(): return lambda limit=limit: limit\n", "= 1", "= 2"),
        ("seen = [1]\ndef check(): return [seen for seen in seen]\n", "[1]", "[2]"),
        ("def kept(run): return run\n@kept\ndef check(kept): return kept\n", "return run", "return 1"),
        (
            ("class Kind(StrEnum):\n    A = 'a'\n    @property\n    def bad(self): return 1\n"
            "def check(): return Kind.A.bad\n"),
            "return 1",
            "return 2",
        ),
        ("TABLE = {}\nfor each in (1,):\n    TABLE[each] = 1\ndef check(): return TABLE\n", "(1,)", "(2,)"),
        ("TABLE = {}\nfor each in (1,):\n    TABLE.setdefault(each, []).append(1)\ndef check(): return TABLE\n",
         "(1,)", "(2,)"),
        ("for each in (1,):\n    pass\ndef check(): return each\n", "(1,)", "(2,)"),
        ("if now():\n    LIMIT = 1\ndef check(): return LIMIT\n", "now()", "not now()"),
        ("with now() as limit:\n    pass\ndef check(): return limit\n", "now()", "not now()"),
    ],
)  # fmt: skip
def test_what_changes_what_it_does_is_another_closure(code: str, old: str, new: str) -> None:
    before = Closures({"checks": code}.get).of("checks", "check")
    after = Closures({"checks": code.replace(old, new, 1)}.get).of("checks", "check")
    assert before != after
