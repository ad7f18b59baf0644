"""Records beside and below a delegation: those that nobody would be answered are refused at their lines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.errors import Problem

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]

HANDED = '    - {name: sub, type: NS, values: [ns1.other.example., "ns1.sub.${domain}."]}\n'
GLUE = "    - {name: ns1.sub, type: A, values: [192.0.2.7]}\n"
ANCHOR = "    # Who may send mail"


def lines(folder: Path, problems: list[Problem]) -> list[str]:
    text = (folder / "engagement.yaml").read_text().splitlines()
    return [text[each.line - 1].strip() for each in problems]


@pytest.mark.parametrize("more", [GLUE, GLUE.replace("A,", "AAAA,").replace("192.0.2.7", '"2001:db8::7"')])
def test_a_delegation_stands_with_the_addresses_of_its_servers(edit: Edit, problems: Problems, more: str) -> None:
    edit(ANCHOR, f"{HANDED}{more}{ANCHOR}")
    assert problems() == []


def test_a_server_below_it_needs_an_address_here(folder: Path, edit: Edit, problems: Problems) -> None:
    edit(ANCHOR, f"{HANDED}{ANCHOR}")
    (problem,) = problems()
    assert lines(folder, [problem]) == [HANDED.strip()]
    assert "ns1.sub." in problem.what


@pytest.mark.parametrize("record", [
    "{name: sub, type: A, values: [192.0.2.8]}", "{name: sub, type: TXT, values: [hello]}",
    "{name: www.sub, type: A, values: [192.0.2.8]}", "{name: ns1.sub, type: TXT, values: [hello]}",
    '{name: ns1.sub, type: AAAA, alias: "ns1.sub.${domain}"}', "{name: a.sub, type: NS, values: [ns1.other.example.]}",
    '{name: "*.sub", type: CNAME, values: ["www.${domain}."]}',
])  # fmt: skip
def test_what_nobody_would_be_answered_is_refused(folder: Path, edit: Edit, problems: Problems, record: str) -> None:
    edit(ANCHOR, f"{HANDED}{GLUE}    - {record}\n{ANCHOR}")
    found = problems()
    assert f"- {record}" in lines(folder, found)
    assert {f"- {record}"} == set(lines(folder, found))


@pytest.mark.parametrize("name", ["sub", "shop.sub", "*.sub"])
def test_the_zone_proves_no_name_that_it_hands_over(folder: Path, edit: Edit, problems: Problems, name: str) -> None:
    edit(ANCHOR, f"{HANDED}{GLUE}{ANCHOR}")
    edit('"api.${domain}"]', f'"{name}.${{domain}}"]')
    (problem,) = problems()
    assert lines(folder, [problem])[0].startswith("names: ")
    assert f"{name}." in problem.what
