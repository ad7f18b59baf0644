"""An address in an engagement file is judged when the file is read: at its line, before anything is asked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.errors import Problem

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]

URLS = [
    "rubbish",
    "ftp://x",
    "http://example.com",
    "https://x:0",
    "https://x:99999",
    "https://a b",
    " https://x",
    "https://",
]
HOSTS = [
    "127.0.0.1:99999",
    "ns1.example:0",
    "ns1 example",
    " ns1.example",
    "::1",
    "dns://ns1.example",
    "ns1..example",
    "",
]
WRITTEN = {
    "acme": ("provider: acme", "{name: acme, directory: %s}", "directory"),
    "openbao": ("provider: openbao", "{name: openbao, address: %s}", "address"),
    "vault": ("provider: openbao", "{name: vault, address: %s}", "address"),
    "rfc2136": ("provider: route53", "{name: rfc2136, server: %s}", "server"),
}
WRONG = [(name, text) for name in WRITTEN for text in (HOSTS if name == "rfc2136" else URLS)]


def choose(edit: Edit, name: str, text: str) -> str:
    """Write a product with an address; the key of the address."""
    place, form, key = WRITTEN[name]
    edit(place, f"provider: {form % repr(text)}  # here")
    return key


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_what_is_no_address_is_told_at_its_line(
    folder: Path, edit: Edit, problems: Problems, name: str, text: str
) -> None:
    key = choose(edit, name, text)
    lines = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()
    (wrong,) = problems()
    assert lines[wrong.line - 1].endswith("# here")
    assert f"`{key}`" in wrong.what
    assert ("HOST" if name == "rfc2136" else "https://") in wrong.expected


def test_a_password_in_an_address_is_not_repeated(edit: Edit, problems: Problems) -> None:
    choose(edit, "openbao", "https://dana:hunter2@bao.example")
    assert problems()
    assert not any("hunter2" in str(problem) for problem in problems())


def test_an_address_is_judged_as_each_environment_has_it(edit: Edit, problems: Problems) -> None:
    choose(edit, "openbao", "https://bao.${environment}.example:${environment}")
    (wrong,) = problems()
    assert "`address`" in wrong.what


@pytest.mark.parametrize("name", WRITTEN)
def test_an_address_that_is_one_passes(edit: Edit, problems: Problems, name: str) -> None:
    key = choose(edit, name, "[::1]:53" if name == "rfc2136" else "https://bao.example:8200/v1")
    assert not [problem for problem in problems() if key in problem.what]
