"""What only OpenBao and Vault have: mounts, policies, AppRole roles, versions, namespaces."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import hvac
import pytest

from provisioning_assets.backends.secrets import PURPOSES, Place
from provisioning_assets.errors import ApplyFailed, ProviderFailed
from tests.support.secret_stores import (
    AGENCY,
    DESIRED,
    OWNED,
    PIPELINE,
    WITHOUT_RUNTIME,
    admin,
    bring_about,
    drift,
    openbao,
    otherwise,
)
from tests.support.servers import SecretServer, openbao_server


@pytest.fixture(scope="module")
def server() -> Iterator[SecretServer]:
    with openbao_server() as server:
        yield server


@pytest.fixture
def root(server: SecretServer) -> Any:
    """Somebody who may do everything, for changes out of band."""
    return admin(server)


@pytest.fixture
def store(server: SecretServer) -> Any:
    return openbao(server)


@pytest.fixture
def fresh() -> str:
    return f"shop_{uuid4().hex[:8]}-staging"


@pytest.fixture
def scope(store: Any, fresh: str) -> str:
    bring_about(store, fresh)
    return fresh


@pytest.fixture
def runtime(scope: str) -> Place:
    return Place(scope, "runtime")


def test_a_purpose_is_a_mount_of_versions_and_says_whose(root: Any, scope: str) -> None:
    mounts = root.sys.list_mounted_secrets_engines()["data"]
    for purpose, what in PURPOSES.items():
        found = mounts[f"{scope}-{purpose}/"]
        assert (found["type"], found["options"], found["description"]) == ("kv", {"version": "2"}, f"{scope}: {what}")


def test_the_pipelines_policy_names_each_secret_and_nothing_else(root: Any, scope: str) -> None:
    assert root.sys.read_acl_policy(f"{scope}-pipeline")["data"]["policy"].splitlines() == [
        'path "auth/token/revoke-self" { capabilities = ["update"] }',
        f'path "{scope}-runtime/data/database-password" {{ capabilities = ["read"] }}',
    ]


def test_the_agencys_policy_opens_what_is_engagement_time(root: Any, scope: str) -> None:
    assert root.sys.read_acl_policy(f"{scope}-agency")["data"]["policy"].splitlines() == [
        'path "auth/token/revoke-self" { capabilities = ["update"] }',
        f'path "{scope}-engagement/data/*" {{ capabilities = ["read"] }}',
        f'path "{scope}-engagement/metadata/*" {{ capabilities = ["list", "read"] }}',
    ]


def test_the_pipelines_role_has_one_policy_and_short_lives(root: Any, scope: str) -> None:
    live = root.auth.approle.read_role(f"{scope}-pipeline")["data"]
    assert live["token_policies"] == [f"{scope}-pipeline"]
    assert live["token_no_default_policy"]
    assert live["bind_secret_id"]
    assert (live["secret_id_num_uses"], live["secret_id_ttl"]) == (1, 600)
    assert (live["token_ttl"], live["token_max_ttl"]) == (600, 1800)
    with pytest.raises(hvac.exceptions.InvalidPath):
        root.auth.approle.read_role(f"{scope}-agency")


@pytest.mark.parametrize(("setting", "value"), [
    ("bind_secret_id", False), ("secret_id_bound_cidrs", ["10.0.0.0/8"]), ("secret_id_num_uses", 0),
    ("secret_id_ttl", 3600), ("token_bound_cidrs", ["10.0.0.0/8"]), ("token_explicit_max_ttl", 60),
    ("token_max_ttl", 86400), ("token_no_default_policy", False), ("token_num_uses", 3), ("token_period", 3600),
    ("token_policies", ["other"]), ("token_strictly_bind_ip", True), ("token_ttl", 1200), ("token_type", "batch"),
])  # fmt: skip
def test_a_setting_changed_by_hand_is_told_and_taken_back(
    root: Any, store: Any, scope: str, setting: str, value: object
) -> None:
    data = {setting: value}
    if setting == "bind_secret_id":
        # A role that asks for no secret id has to be bound to addresses instead.
        data["token_bound_cidrs"] = ["10.0.0.0/8"]
    root.write_data(f"auth/approle/role/{scope}-pipeline", data=data)
    assert drift(store, scope) == [f"update {PIPELINE} (otherwise)"]
    assert setting in otherwise(store, scope, PIPELINE)

    bring_about(store, scope)

    assert drift(store, scope) == []


def test_a_role_with_one_more_policy_is_told(root: Any, store: Any, scope: str) -> None:
    both = [f"{scope}-agency", f"{scope}-pipeline"]
    root.auth.approle.create_or_update_approle(f"{scope}-pipeline", token_policies=both)

    assert f"{scope}-agency" in otherwise(store, scope, PIPELINE)


@pytest.mark.parametrize("rule", [
    'path "{scope}-engagement/data/+" {{ capabilities = ["read"] }}',
    'path "{scope}-runtime/data/data*" {{ capabilities = ["read"] }}',
    'path "{scope}-runtime/data/database-password" {{ capabilities = ["read", "update"] }}',
    'path "{scope}-runtime/metadata/*" {{ capabilities = ["list"] }}',
    'path "other-staging-runtime/data/x" {{ capabilities = ["read"] }}',
    'path "sys/policies/acl/*" {{\n  capabilities = ["update"]\n}}',
    "# only a remark",
])  # fmt: skip
def test_one_more_rule_is_told_and_taken_back(root: Any, store: Any, scope: str, rule: str) -> None:
    name = f"{scope}-pipeline"
    rules, more = root.sys.read_acl_policy(name)["data"]["policy"], rule.format(scope=scope)
    root.sys.create_or_update_acl_policy(name, policy=f"{rules}\n{more}")
    assert drift(store, scope) == [f"update {PIPELINE} (otherwise)"]
    assert more.splitlines()[0] in otherwise(store, scope, PIPELINE)

    bring_about(store, scope)

    assert drift(store, scope) == []


def test_a_policy_that_ends_is_told_and_taken_back(root: Any, store: Any, scope: str) -> None:
    name = f"{scope}-agency"
    rules = root.sys.read_acl_policy(name)["data"]["policy"]
    root.write_data(f"sys/policies/acl/{name}", data={"policy": rules, "ttl": "1h"})
    assert drift(store, scope) == [f"update {AGENCY} (otherwise)"]

    bring_about(store, scope)

    assert drift(store, scope) == []


def test_what_is_missing_of_a_grant_is_told_and_made_again(root: Any, store: Any, scope: str) -> None:
    root.auth.approle.delete_role(f"{scope}-pipeline")
    root.sys.delete_acl_policy(f"{scope}-agency")
    assert drift(store, scope) == [f"create {AGENCY}", f"update {PIPELINE} (logs_in)"]
    bring_about(store, scope)
    root.sys.delete_acl_policy(f"{scope}-pipeline")
    assert drift(store, scope) == [f"update {PIPELINE} (otherwise, reads)"]

    bring_about(store, scope)

    assert drift(store, scope) == []


def test_indentation_of_a_policy_is_no_difference(root: Any, store: Any, scope: str) -> None:
    rules = root.sys.read_acl_policy(f"{scope}-pipeline")["data"]["policy"]
    root.sys.create_or_update_acl_policy(f"{scope}-pipeline", policy="\n\n  ".join(rules.splitlines()))

    assert drift(store, scope) == []


def test_a_rule_that_is_remarked_out_is_told(root: Any, store: Any, scope: str) -> None:
    rules = root.sys.read_acl_policy(f"{scope}-pipeline")["data"]["policy"]
    root.sys.create_or_update_acl_policy(f"{scope}-pipeline", policy=f"/*\n{rules}\n*/")

    assert drift(store, scope) == [f"update {PIPELINE} (otherwise)"]


def test_another_description_and_a_lifetime_of_values_are_told(root: Any, store: Any, scope: str) -> None:
    root.sys.tune_mount_configuration(f"{scope}-runtime", description="mine now")
    root.secrets.kv.v2.configure(delete_version_after="48h", mount_point=f"{scope}-runtime")
    assert drift(store, scope) == ["update place runtime (otherwise)"]
    assert "mine now" in otherwise(store, scope, "place runtime")
    assert "48h" in otherwise(store, scope, "place runtime")

    bring_about(store, scope)

    assert drift(store, scope) == []


def test_a_mount_of_another_kind_is_told_and_not_touched(root: Any, store: Any, fresh: str) -> None:
    name = f"{fresh}-runtime"
    root.sys.enable_secrets_engine("kv", path=name, options={"version": "1"})
    root.secrets.kv.v1.create_or_update_secret("key", {"value": "x"}, mount_point=name)
    assert "update place runtime (otherwise)" in drift(store, fresh)

    for desired in (DESIRED, WITHOUT_RUNTIME):
        with pytest.raises(ApplyFailed) as refused:
            bring_about(store, fresh, desired)
        assert refused.value.where == "place runtime"
        assert refused.value.remedy

    assert root.secrets.kv.v1.read_secret("key", mount_point=name)["data"] == {"value": "x"}


def test_an_undeclared_mount_is_told(root: Any, store: Any, scope: str) -> None:
    root.sys.enable_secrets_engine("kv", path=f"{scope}-more", options={"version": "2"})
    assert drift(store, scope) == ["delete place more"]

    bring_about(store, scope)

    assert drift(store, scope) == []


def test_a_mount_that_holds_deleted_versions_is_not_deleted(root: Any, store: Any, scope: str, runtime: Place) -> None:
    store.create(runtime, "key", {"value": "x"}, OWNED)
    root.secrets.kv.v2.delete_latest_version_of_secret(path="key", mount_point=f"{scope}-runtime")
    assert store.stored(runtime) == {}

    with pytest.raises(ApplyFailed):
        bring_about(store, scope, WITHOUT_RUNTIME)


def test_versions_count_from_one(store: Any, runtime: Place) -> None:
    store.create(runtime, "key", {"value": "x"}, OWNED)
    assert store.stored(runtime)["key"].version == "1"

    store.update(runtime, "key", {"value": "y"}, version="1")

    assert store.stored(runtime)["key"].version == "2"


def test_names_in_folders_are_listed(store: Any, runtime: Place) -> None:
    store.create(runtime, "key", {"value": "x"}, OWNED)
    store.create(runtime, "team/deep/token", {"value": "x"}, OWNED)

    assert sorted(store.stored(runtime)) == ["key", "team/deep/token"]


def test_a_deleted_secret_is_not_there_and_is_not_written_over(
    root: Any, store: Any, scope: str, runtime: Place
) -> None:
    store.create(runtime, "key", {"value": "x"}, OWNED)
    root.secrets.kv.v2.delete_latest_version_of_secret(path="key", mount_point=f"{scope}-runtime")

    assert store.stored(runtime) == {}
    with pytest.raises(ProviderFailed):
        store.read(runtime, "key")
    with pytest.raises(ProviderFailed) as failure:
        store.create(runtime, "key", {"value": "y"}, OWNED)
    assert failure.value.where == f"{scope}-runtime/key"
    assert "bao kv undelete" in failure.value.remedy


def test_a_secret_is_described_before_it_has_a_value(root: Any, store: Any, scope: str, runtime: Place) -> None:
    half = {"path": "half", "mount_point": f"{scope}-runtime"}
    root.secrets.kv.v2.update_metadata(**half, custom_metadata={"owner": "nobody"})
    assert "half" not in store.stored(runtime)

    assert store.create(runtime, "half", {"value": "x"}, OWNED)

    assert dict(store.stored(runtime)["half"].metadata) == OWNED


def test_nothing_is_left_of_a_log_in(root: Any, store: Any, scope: str, runtime: Place) -> None:
    store.create(runtime, "database-password", {"value": "x"}, OWNED)
    before = set(root.list("auth/token/accessors")["data"]["keys"])

    store.can_read(scope, "pipeline", [("runtime", "database-password")])
    root.secrets.kv.v2.delete_metadata_and_all_versions(path="database-password", mount_point=f"{scope}-runtime")
    with pytest.raises(ProviderFailed):
        store.can_read(scope, "pipeline", [("runtime", "database-password")])

    assert set(root.list("auth/token/accessors")["data"]["keys"]) == before
    with pytest.raises(hvac.exceptions.InvalidPath):
        root.auth.approle.list_secret_id_accessors(f"{scope}-pipeline")


def test_a_namespace_is_another_store(root: Any, server: SecretServer, store: Any, scope: str) -> None:
    root.write_data("sys/namespaces/team", data={})
    team = openbao(server, VAULT_NAMESPACE="team")
    team.reach()
    assert team.identity() != store.identity()
    assert team.read_grants(scope) == {}

    bring_about(team, scope)
    place: list[Any] = [Place(scope, "runtime"), "database-password"]
    team.create(*place, {"value": "x"}, OWNED)

    assert team.can_read(scope, "pipeline", [("runtime", "database-password")]) == {
        ("runtime", "database-password"): True
    }
    assert store.stored(place[0]) == {}
