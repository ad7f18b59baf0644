"""What the items about secrets and certificates see in a real OpenBao, when what lies there is not what was meant."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.assets import secrets
from provisioning_assets.assets.assembly import assemble
from provisioning_assets.assets.grants import desired_grants
from provisioning_assets.backends.secrets import ALL, Place, SecretStore, certificate_secret
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.safety import keeps_data
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import ProviderFailed
from provisioning_assets.operations.issuing import Certificates
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.task import ReadinessItem
from tests.support.secret_stores import admin, vault_access
from tests.support.servers import SecretServer, openbao_server

REPOSITORY = Path(__file__).parents[2]
SCOPE = "demo_shop-staging"
RUNTIME, ENGAGEMENT = Place(SCOPE, "runtime"), Place(SCOPE, "engagement")
OWNED = {"owner": "ops@demo-shop.example", "purpose": "runtime"}
GIVEN = {"DEMO_SHOP_PAYMENT_API_KEY": "from the operator's shell"}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return assemble(load_engagement(REPOSITORY / "engagements" / "demo_shop"))


@dataclass(frozen=True)
class Staging:
    """Staging of the demo shop, with a secret store of its own."""

    graph: Graph
    server: SecretServer

    def run(self, asset: str = "secrets", given: dict[str, str] = GIVEN, **variables: str) -> AssetRun:
        """One asset in a run that begins now."""
        access = replace(vault_access(self.server.address, self.server.token, **variables), given=given)
        where = self.graph.engagement.environment("staging")
        return AssetRun(Session(self.graph, where, access, "r1"), self.graph.task("staging", asset))

    def look(self, item: ReadinessItem) -> Finding:
        assert item.check is not None
        return item.check(self.run())

    @property
    def store(self) -> SecretStore:
        store: SecretStore = self.run().backend(Kind.SECRETS)
        return store

    @property
    def root(self) -> Any:
        """Somebody who may do everything, behind our back."""
        return admin(self.server)

    def apply(self) -> None:
        target = secrets.target(self.run())
        target.apply(target.plan())


@pytest.fixture
def staging(graph: Graph) -> Iterator[Staging]:
    """With the secrets as declared."""
    with openbao_server() as server:
        staging = Staging(graph, server)
        staging.apply()
        yield staging


def test_what_was_just_written_is_as_declared(staging: Staging) -> None:
    assert secrets.target(staging.run()).plan().empty
    for item in staging.run().task.checks:
        if item.check is not None:
            assert item.check(staging.run()).ready, item.item.name


def test_grants_open_what_is_listed_and_nothing_else(graph: Graph) -> None:
    section = graph.engagement.environment("staging").secrets
    assert desired_grants(section) == {
        "place runtime": {"otherwise": []},
        "place engagement": {"otherwise": []},
        "grant pipeline": {
            "reads": {"runtime": ["database-password", "payment-api-key", "session-key"]},
            "lists": [],
            "logs_in": True,
            "otherwise": [],
        },
        "grant agency": {"reads": {"engagement": ALL}, "lists": ["engagement"], "logs_in": False, "otherwise": []},
    }


def test_first_values_come_from_where_the_file_says(staging: Staging) -> None:
    assert staging.store.read(RUNTIME, "payment-api-key") == {"value": GIVEN["DEMO_SHOP_PAYMENT_API_KEY"]}
    assert len(staging.store.read(RUNTIME, "database-password")["value"]) == 32


def test_a_run_without_a_first_value_is_stopped_before_it_writes(staging: Staging) -> None:
    ask = staging.run().task.before_run
    assert ask is not None
    ask(staging.run(given={}))  # every value is stored already

    staging.root.secrets.kv.v2.delete_metadata_and_all_versions("payment-api-key", mount_point=f"{SCOPE}-runtime")

    with pytest.raises(ProviderFailed) as failure:
        ask(staging.run(given={}))
    assert "DEMO_SHOP_PAYMENT_API_KEY" in failure.value.where


def test_a_description_follows_the_file_and_a_value_stays(staging: Staging) -> None:
    before = staging.store.read(RUNTIME, "session-key"), staging.store.stored(RUNTIME)["session-key"]
    staging.store.describe(RUNTIME, "session-key", {"owner": "somebody"})
    plan = secrets.target(staging.run()).plan()
    assert [change.address for change in plan.changes] == ["secret runtime/session-key"]

    staging.apply()

    assert (staging.store.read(RUNTIME, "session-key"), staging.store.stored(RUNTIME)["session-key"]) == before


def widened_policy(root: Any) -> str:
    rules = root.sys.read_acl_policy(f"{SCOPE}-pipeline")["data"]["policy"]
    more = f'path "{SCOPE}-engagement/data/ci*" {{ capabilities = ["read"] }}'
    root.sys.create_or_update_acl_policy(f"{SCOPE}-pipeline", policy=f"{rules}\n{more}")
    return more


def longer_token(root: Any) -> str:
    root.write_data(f"auth/approle/role/{SCOPE}-pipeline", data={"token_period": "48h"})
    return "token_period"


@pytest.mark.parametrize("widen", [widened_policy, longer_token])
def test_what_opens_more_than_was_granted_is_named(staging: Staging, widen: Callable[[Any], str]) -> None:
    more = widen(staging.root)
    finding = staging.look(secrets.secrets_have_not_drifted)
    assert not finding.ready
    assert list(finding.problems) == ["grant pipeline"]
    assert more in finding.problems["grant pipeline"]

    staging.apply()

    assert staging.look(secrets.secrets_have_not_drifted).ready


def test_a_place_that_nobody_declared_is_not_taken_away_by_a_run(staging: Staging) -> None:
    staging.root.sys.enable_secrets_engine("kv", path=f"{SCOPE}-more", options={"version": "2"})
    plan = secrets.target(staging.run()).plan()

    assert [str(change) for change in plan.changes] == ["delete place more"]
    assert keeps_data(plan)


@pytest.mark.parametrize("value", [{"value": ""}, {"value": " \n"}, {"password": "hunter2"}])
def test_an_empty_value_is_no_secret(staging: Staging, value: dict[str, str]) -> None:
    version = staging.store.stored(RUNTIME)["session-key"].version
    assert staging.store.update(RUNTIME, "session-key", value, version=version)

    finding = staging.look(secrets.secrets_are_populated)

    assert not finding.ready
    assert list(finding.problems) == ["runtime/session-key"]
    assert "hunter2" not in json.dumps([finding.summary, dict(finding.details), dict(finding.problems)])


def test_a_secret_without_value_or_of_another_owner_is_named(staging: Staging) -> None:
    staging.root.secrets.kv.v2.delete_latest_version_of_secret("session-key", mount_point=f"{SCOPE}-runtime")
    staging.store.describe(ENGAGEMENT, "ci-deploy-key", {"owner": "somebody"})

    finding = staging.look(secrets.secrets_are_populated)

    assert list(finding.problems) == ["runtime/session-key", "engagement/ci-deploy-key"]


@pytest.mark.parametrize(("place", "name"), [
    (RUNTIME, "certificate-of-somebody"), (RUNTIME, "acme-account"), (ENGAGEMENT, "certificate-shop"),
    (ENGAGEMENT, "pending-certificate-shop"), (RUNTIME, "pending-certificate-of-somebody"),
])  # fmt: skip
def test_a_secret_that_looks_like_ours_is_still_undeclared(staging: Staging, place: Place, name: str) -> None:
    staging.store.create(place, name, {"value": "x"}, OWNED)

    finding = staging.look(secrets.secrets_are_populated)

    assert list(finding.problems) == [f"{place.purpose}/{name}"]


def test_what_certificates_keep_needs_no_declaration(staging: Staging) -> None:
    kept = [(ENGAGEMENT, "acme-account"), (RUNTIME, "certificate-shop"), (RUNTIME, "pending-certificate-shop")]
    for place, name in kept:
        staging.store.create(place, name, {"key": "x"}, OWNED)

    assert staging.look(secrets.secrets_are_populated).ready


def test_what_the_pipeline_can_or_cannot_read_is_named(staging: Staging) -> None:
    private = f'path "{SCOPE}-engagement/data/*" {{ capabilities = ["read"] }}'
    needed = f'path "{SCOPE}-runtime/data/database-password" {{ capabilities = ["read"] }}'
    policy = f"{SCOPE}-pipeline"
    staging.root.sys.create_or_update_acl_policy(policy, policy=f"{private}\n{needed}")

    reads, reads_nothing_else = map(
        staging.look, (secrets.pipeline_reads_its_secrets, secrets.pipeline_reads_nothing_else)
    )

    assert sorted(reads.problems) == ["runtime/payment-api-key", "runtime/session-key"]
    assert list(reads_nothing_else.problems) == ["engagement/ci-deploy-key"]


def test_refusals_without_a_control_prove_nothing(staging: Staging) -> None:
    assert staging.look(secrets.pipeline_reads_nothing_else).ready
    # The log-in is used up by its first refusal: all later ones say nothing about the policy.
    staging.root.auth.approle.create_or_update_approle(f"{SCOPE}-pipeline", token_num_uses=1)

    assert not staging.look(secrets.pipeline_reads_nothing_else).ready


EC = {"key_type": "ec", "key_bits": 256}


def test_another_authority_is_a_change_of_every_certificate(staging: Staging) -> None:
    declared = staging.run().environment.certificates.certificates
    staging.root.sys.enable_secrets_engine("pki")
    for each in declared:
        names = {"common_name": each.names[0], "alt_names": ",".join(each.names), "ttl": "24h", **EC}
        made = staging.root.write_data("pki/root/generate/exported", data=names)["data"]
        about = {**OWNED, "authority": "https://rehearsal.example/directory"}
        value = {"key": made["private_key"], "chain": made["certificate"]}
        staging.store.create(RUNTIME, certificate_secret(each.name), value, about)

    def plan(directory: str) -> list[tuple[str, tuple[str, ...]]]:
        target = Certificates(staging.run("certificates", ACME_DIRECTORY_URL=directory))
        return [(change.address, change.attributes) for change in target.plan().changes]

    assert plan("https://rehearsal.example/directory") == []
    assert plan("https://real.example/directory") == sorted(
        (f"certificate {each.name}", ("authority",)) for each in declared
    )
