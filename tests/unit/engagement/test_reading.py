"""Content as a model: both, where something is wrong that need not stop the reading; and whose words are said."""

from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel
from pydantic_core import PydanticCustomError

from provisioning_assets.engagement.models import Header
from provisioning_assets.engagement.reading import read
from provisioning_assets.engagement.sections import Model

EXPECTED = "a host that begins with `a`"


def _plain(host: str) -> str:
    if not host.startswith("a"):
        raise ValueError(EXPECTED)
    return host


def _custom(host: str) -> str:
    if not host.startswith("a"):
        raise PydanticCustomError("host", "{expected}", {"expected": EXPECTED})
    return host


class Plain(Model):
    """A model whose own judge raises what Python has."""

    host: Annotated[str, AfterValidator(_plain)]
    """Where."""


class Custom(Model):
    """A model whose own judge raises what the library has."""

    host: Annotated[str, AfterValidator(_custom)]
    """Where."""


@pytest.mark.parametrize("model", [Plain, Custom])
def test_a_judge_of_ones_own_is_told_in_its_words_alone(model: type[BaseModel]) -> None:
    found, (wrong,) = read(model, {"host": "b"})
    assert found is None
    assert (wrong.place, wrong.wanted) == (("host",), EXPECTED)


def test_what_is_read_without_its_unknown_keys_is_there_beside_them() -> None:
    found, (wrong,) = read(Plain, {"host": "a", "prot": 1})
    assert found == Plain(host="a")
    assert wrong.place == ("prot",)


def test_what_is_presumed_stands_in_for_what_is_wrong() -> None:
    environment = {"name": "production", "region": "r", "state": "postgresql"}
    found, wrong = read(Header, {"schema": 2, "engagement": "shop", "client": 5, "environments": [environment]})
    assert found is not None
    assert found.environments[0].name == "production"
    assert {each.place for each in wrong} == {("schema",), ("client",), ()}
