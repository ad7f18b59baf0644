"""Nothing is in a list twice: whoever works by name would do one of the two, and call both done."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.errors import Problem

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]

PERSON = "- {name: Chiara Conti, email: chiara@agency.example}\n"
TWICE = [
    ("- name: wildcard\n", "- name: shop  # here\n", "shop"),
    ('["*.${domain}"]', '["*.${domain}", "*.${domain}"]  # here', "*."),
    ('served_at: ["status.${domain}"]', 'served_at: ["status.${domain}", "status.${domain}"]  # here', "status."),
    ("- name: datastores", "- name: networking  # here", "networking"),
    ("stages/compute\n", "stages/compute\n    after: [networking, networking]  # here\n", "networking"),
    ("{name: api, type: A, ttl: 60, values: [127.0.0.1]}", "{name: '@', type: A, values: [127.0.0.1]}  # here", "@ A"),
    ("values: [127.0.0.1]}", "values: [127.0.0.1, 127.0.0.1]}  # here", "127.0.0.1"),
    ("- name: session-key", "- name: database-password  # here", "database-password"),
    ("- name: ci-deploy-key", "- name: database-password  # here", "database-password"),
    ("[database-password, session-key,", "[session-key, session-key,  # here\n   ", "session-key"),
    ("  dashboards:\n", '    - {name: shop, url: "https://${domain}/"}  # here\n  dashboards:\n', "shop"),
    ("  alerts:\n", "    - {name: shop, file: dashboards/shop.json}  # here\n  alerts:\n", "shop"),
    ("    - {name: shop-down, probe: shop, period: 10, periods: 1}\n",
     "    - {name: shop-down, probe: shop}\n    - {name: shop-down, probe: shop, period: 10}  # here\n", "shop-down"),
    ("logs: [app]", "logs: [app, app]  # here", "app"),
    ('[config/common.yaml, "config/', '[config/common.yaml, config/common.yaml, "config/', "config/common.yaml"),
    ("- name: production\n", "- name: staging  # here\n", "staging"),
    (f"      {PERSON}", f"      {PERSON}      {PERSON.strip()}  # here\n", "Chiara Conti"),
    ("  on_call:\n", f"  on_call:\n    {PERSON}", "Chiara Conti"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "named"), TWICE)
def test_what_is_in_a_list_twice_is_refused_at_its_line(
    folder: Path, edit: Edit, problems: Problems, old: str, new: str, named: str
) -> None:
    edit(old, new)
    lines = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()
    marked = [number for number, line in enumerate(lines, 1) if line.endswith("# here")]
    (found,) = [
        problem
        for problem in problems()
        if named in problem.what and (" two " in problem.what or "twice" in problem.what)
    ]
    assert not marked or found.line == marked[0]
    assert found.expected


@pytest.mark.parametrize("name", ["region", "engagement", "environment", "networking"])
def test_a_stages_variables_hide_nothing_that_it_gets_by_itself(
    folder: Path, edit: Edit, problems: Problems, name: str
) -> None:
    edit("variables: {log_retention_days: 30}", f"variables: {{{name}: elsewhere}}  # here")
    lines = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()
    assert [lines[found.line - 1].endswith("# here") for found in problems()] == [True]
