"""An engagement whose runtime configuration is a flag document: what its items see there."""

from pathlib import Path

import pytest

from provisioning_assets.assets import runtime_config
from provisioning_assets.core.evidence import Finding
from provisioning_assets.errors import ConfigurationError
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.task import ReadinessItem
from tests.products.flagd.conftest import Document
from tests.support.flags import THEIRS, client
from tests.support.repositories import configured_in

PREFIX = "/demo_shop/staging/config"


@pytest.fixture
def run(tmp_path: Path, document: Document) -> AssetRun:
    """Staging, with its keys as declared."""
    graph = configured_in(tmp_path, f"{{name: flagd, bucket: {document.bucket}, object: {document.key}}}")
    session = Session(graph, graph.engagement.environment("staging"), document.access, "r1")
    run = AssetRun(session, graph.task("staging", "runtime_config"))
    target = runtime_config.target(run)
    target.apply(target.plan())
    return run


def look(run: AssetRun, item: ReadinessItem) -> Finding:
    assert item.check is not None
    return item.check(run)


def add(document: Document, name: str, flag: object) -> None:
    """Somebody else adds a flag."""
    content = document.content()
    content["flags"][name] = flag
    document.edit(content)


def test_what_was_applied_is_as_reviewed_and_clients_read_it(run: AssetRun, document: Document) -> None:
    assert runtime_config.target(run).plan().empty
    assert look(run, runtime_config.runtime_config_equals_reviewed).ready
    assert look(run, runtime_config.no_value_belongs_to_another_environment).ready
    reads = client(document.body())
    for key, value in run.files.items():
        name = key.removeprefix(f"{PREFIX}/")
        if value in {"true", "false"}:
            assert reads.get_boolean_value(name, default_value=value != "true") is (value == "true")
        elif value.isdecimal():
            assert reads.get_integer_value(name, -1) == int(value)
        else:
            assert reads.get_string_value(name, "") == value


def test_a_flag_of_others_is_listed_and_left_alone(run: AssetRun, document: Document) -> None:
    add(document, "theirs", THEIRS)

    finding = look(run, runtime_config.runtime_config_equals_reviewed)

    assert finding.ready
    assert finding.details["unmanaged"] == [f"{PREFIX}/theirs"]
    assert runtime_config.target(run).plan().empty


def test_a_flag_that_we_no_longer_declare_is_deleted(run: AssetRun, document: Document) -> None:
    dropped = document.content()["flags"]
    add(document, "old", {**next(iter(dropped.values()))})
    target = runtime_config.target(run)
    assert [str(change) for change in target.plan().changes] == [f"delete {PREFIX}/old"]

    target.apply(target.plan())

    assert runtime_config.target(run).plan().empty


def test_rules_that_a_hand_added_are_named(run: AssetRun, document: Document) -> None:
    name = next(iter(document.content()["flags"]))
    add(document, name, {**document.content()["flags"][name], "targeting": {"if": [True, "off"]}})

    assert list(look(run, runtime_config.runtime_config_equals_reviewed).problems) == [f"{PREFIX}/{name}"]


def test_anothers_flag_with_a_value_of_production_is_named(run: AssetRun, document: Document) -> None:
    theirs = run.engagement.environment("production").values["domain"]
    rule = {"if": [True, "far", None]}
    variants = {"near": "https://shop.localhost", "far": f"https://pay.{theirs}"}
    add(document, "pay", {"state": "ENABLED", "variants": variants, "defaultVariant": "near", "targeting": rule})

    assert list(look(run, runtime_config.no_value_belongs_to_another_environment).problems) == [f"{PREFIX}/pay"]


@pytest.mark.parametrize("own", [
    "bucket: Shop, object: flags.json", "bucket: shop-flags", "object: flags.json",
    "bucket: shop-flags, object: /flags", "bucket: shop-flags, object: ''",
    "bucket: shop-flags, object: flags.json, region: eu-west-1",
])  # fmt: skip
def test_a_wrong_setting_is_told_by_its_line(tmp_path: Path, own: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configured_in(tmp_path, f"{{name: flagd, {own}}}")

    text = (tmp_path / "engagements/demo_shop/engagement.yaml").read_text()
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "flagd" in each)
    assert [problem.line for problem in caught.value.problems] == [line]


def test_a_place_of_its_own_for_each_environment_changes_no_content(tmp_path: Path) -> None:
    def content(name: str, provider: str) -> str:
        return str(configured_in(tmp_path / name, provider).task("staging", "runtime_config").inputs)

    one = content("one", "{name: flagd, bucket: '${environment}-flags', object: flags.json}")
    assert one == content("two", "{name: flagd, bucket: 'shop-flags', object: '${environment}/flags.json'}")
