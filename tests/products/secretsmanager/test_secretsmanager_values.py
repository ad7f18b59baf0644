"""Values in Secrets Manager: stages, deleted secrets, secrets without a value, other writers, other forms."""

import json
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.secrets import Place
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ApplyFailed, ProviderFailed
from provisioning_assets.sandbox.ministack import ACCOUNT
from tests.support.back_ends import REGION, aws_access, opened
from tests.support.iam import Client
from tests.support.secret_stores import DESIRED, OWNED, WITHOUT_RUNTIME, bring_about, drift, otherwise

pytestmark = pytest.mark.second

OWN_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"


@pytest.fixture(scope="module")
def secrets(client: Client) -> Any:
    return client("secretsmanager")


def versions(secrets: Any, full: str) -> dict[str, list[str]]:
    return dict(secrets.describe_secret(SecretId=full)["VersionIdsToStages"])


def test_a_secret_is_named_by_its_place_and_holds_json(store: Any, secrets: Any, runtime: Place) -> None:
    store.create(runtime, "tls", {"key": "k", "chain": "c"}, OWNED)

    found = secrets.get_secret_value(SecretId=f"{runtime}/tls")

    assert json.loads(found["SecretString"]) == {"key": "k", "chain": "c"}
    assert store.find(runtime, "tls").version == found["VersionId"]


def test_a_version_that_was_replaced_is_the_previous_one(store: Any, secrets: Any, runtime: Place) -> None:
    store.create(runtime, "key", {"value": "1"}, OWNED)
    first = store.find(runtime, "key").version

    assert store.update(runtime, "key", {"value": "2"}, version=first)

    second = store.find(runtime, "key").version
    assert versions(secrets, f"{runtime}/key") == {first: ["AWSPREVIOUS"], second: ["AWSCURRENT"]}


def test_who_rotates_between_look_and_write_is_not_overwritten(obeying: str, secrets: Any, runtime: Place) -> None:
    access = aws_access(obeying)
    store = opened(Kind.SECRETS, "secretsmanager", access)
    store.create(runtime, "key", {"value": "1"}, OWNED)
    first = store.find(runtime, "key").version
    rotated: list[str] = []

    def rotate(**_: object) -> None:
        if not rotated:
            rotated.append(secrets.put_secret_value(SecretId=f"{runtime}/key", SecretString="{}")["VersionId"])

    events = aws.of(access).client("secretsmanager").meta.events
    events.register("before-call.secretsmanager.UpdateSecretVersionStage", rotate)

    assert not store.update(runtime, "key", {"value": "2"}, version=first)

    assert versions(secrets, f"{runtime}/key") == {first: ["AWSPREVIOUS"], rotated[0]: ["AWSCURRENT"]}


def test_a_version_that_a_crash_left_is_in_nobodys_way(moto: str, runtime: Place) -> None:
    access = aws_access(moto)
    store: Any = opened(Kind.SECRETS, "secretsmanager", access)
    secrets = aws.of(access).client("secretsmanager")
    store.create(runtime, "key", {"value": "1"}, OWNED)
    first = store.find(runtime, "key").version
    secrets.put_secret_value(SecretId=f"{runtime}/key", SecretString="{}", VersionStages=["provisioning"])
    assert store.read(runtime, "key") == {"value": "1"}

    assert store.update(runtime, "key", {"value": "2"}, version=first)

    assert store.read(runtime, "key") == {"value": "2"}


def test_a_deleted_secret_is_not_there_and_is_not_written_over(store: Any, secrets: Any, runtime: Place) -> None:
    store.create(runtime, "key", {"value": "1"}, OWNED)
    version = store.find(runtime, "key").version
    secrets.delete_secret(SecretId=f"{runtime}/key")
    assert (store.find(runtime, "key"), store.stored(runtime)) == (None, {})
    assert not store.update(runtime, "key", {"value": "2"}, version=version)
    for refused in (
        lambda: store.create(runtime, "key", {"value": "2"}, OWNED),
        lambda: store.read(runtime, "key"),
        lambda: store.describe(runtime, "key", OWNED),
        lambda: store.can_read(runtime.scope, "pipeline", [("runtime", "key")]),
    ):
        with pytest.raises(ProviderFailed) as failure:
            refused()
        assert failure.value.where == f"{runtime}/key"
        assert failure.value.remedy

    secrets.restore_secret(SecretId=f"{runtime}/key")

    assert store.read(runtime, "key") == {"value": "1"}


def test_a_place_is_held_by_a_secret_that_can_be_restored(store: Any, secrets: Any, runtime: Place) -> None:
    store.create(runtime, "key", {"value": "1"}, OWNED)
    secrets.delete_secret(SecretId=f"{runtime}/key")
    with pytest.raises(ApplyFailed) as refused:
        bring_about(store, runtime.scope, WITHOUT_RUNTIME)
    assert refused.value.where == "place runtime"

    secrets.delete_secret(SecretId=f"{runtime}/key", ForceDeleteWithoutRecovery=True)

    bring_about(store, runtime.scope, WITHOUT_RUNTIME)


def test_a_secret_that_infrastructure_made_empty_gets_its_first_value(moto: str, runtime: Place) -> None:
    access = aws_access(moto)
    store: Any = opened(Kind.SECRETS, "secretsmanager", access)
    aws.of(access).client("secretsmanager").create_secret(Name=f"{runtime}/key", Description="by Terraform")
    assert store.find(runtime, "key") is None

    assert store.create(runtime, "key", {"value": "1"}, OWNED)
    assert not store.create(runtime, "key", {"value": "2"}, OWNED)

    assert store.read(runtime, "key") == {"value": "1"}
    assert dict(store.find(runtime, "key").metadata) == OWNED


@pytest.mark.parametrize("text", ["hunter2", '"hunter2"', "[1]", ""])
def test_a_value_in_another_form_has_no_keys(store: Any, secrets: Any, runtime: Place, text: str) -> None:
    body = {"SecretString": text} if text else {"SecretBinary": b"hunter2"}
    secrets.create_secret(Name=f"{runtime}/key", Description="by hand", **body)

    assert store.read(runtime, "key") == {}
    assert dict(store.find(runtime, "key").metadata) == {}


def test_a_number_by_hand_is_read_as_its_text(store: Any, secrets: Any, runtime: Place) -> None:
    secrets.create_secret(Name=f"{runtime}/key", SecretString='{"port": 5432, "value": "x"}')

    assert store.read(runtime, "key") == {"port": "5432", "value": "x"}


def test_a_value_that_is_too_large_is_refused_without_showing_it(store: Any, runtime: Place) -> None:
    with pytest.raises(ProviderFailed) as refused:
        store.create(runtime, "key", {"value": "x" * 65_536}, OWNED)

    assert refused.value.where == f"{runtime}/key"
    assert refused.value.remedy
    assert "xxxx" not in str(refused.value)
    assert store.find(runtime, "key") is None


def test_more_secrets_than_a_page_holds_are_all_there(store: Any, secrets: Any, runtime: Place) -> None:
    for number in range(101):
        secrets.create_secret(Name=f"{runtime}/key-{number:03}", SecretString="{}")

    assert len(store.stored(runtime)) == 101


def test_neighbours_whose_names_begin_alike_are_somebody_elses(store: Any, runtime: Place) -> None:
    for place in (Place(f"{runtime.scope}2", "runtime"), Place(runtime.scope.removesuffix("ing"), "runtime")):
        store.create(place, "key", {"value": "x"}, OWNED)

    assert store.stored(runtime) == {}
    assert drift(store, runtime.scope) == []


def a_policy(secrets: Any, full: str) -> None:
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    secrets.put_resource_policy(SecretId=full, ResourcePolicy=policy)


def another_key(secrets: Any, full: str) -> None:
    secrets.update_secret(SecretId=full, KmsKeyId=OWN_KEY)


def a_copy(secrets: Any, full: str) -> None:
    secrets.replicate_secret_to_regions(SecretId=full, AddReplicaRegions=[{"Region": "eu-west-1"}])


@pytest.mark.parametrize("change", [a_policy, another_key])
def test_what_opens_a_secret_by_itself_is_told_and_taken_back(
    store: Any, secrets: Any, runtime: Place, change: Any
) -> None:
    store.create(runtime, "key", {"value": "x"}, OWNED)
    version = store.find(runtime, "key").version
    change(secrets, f"{runtime}/key")
    assert drift(store, runtime.scope) == ["update place runtime (otherwise)"]
    assert f"{runtime}/key" in otherwise(store, runtime.scope, "place runtime")

    bring_about(store, runtime.scope)

    assert drift(store, runtime.scope) == []
    assert store.find(runtime, "key").version == version


def test_a_copy_in_another_region_is_told_and_taken_back(moto: str, runtime: Place) -> None:
    access = aws_access(moto)
    store: Any = opened(Kind.SECRETS, "secretsmanager", access)
    bring_about(store, runtime.scope)
    store.create(runtime, "key", {"value": "x"}, OWNED)
    a_copy(aws.of(access).client("secretsmanager"), f"{runtime}/key")
    assert drift(store, runtime.scope) == ["update place runtime (otherwise)"]

    bring_about(store, runtime.scope)

    assert drift(store, runtime.scope) == []


def test_secrets_are_encrypted_with_the_key_that_is_declared(access: Access, secrets: Any, runtime: Place) -> None:
    own = opened(Kind.SECRETS, "secretsmanager", access, kms_key=OWN_KEY)
    own.create(runtime, "key", {"value": "x"}, OWNED)
    secrets.create_secret(Name=f"{runtime}/by-hand", SecretString="{}")
    assert secrets.describe_secret(SecretId=f"{runtime}/key")["KmsKeyId"] == OWN_KEY
    assert f"{runtime}/by-hand" in otherwise(own, runtime.scope, "place runtime")

    bring_about(own, runtime.scope)

    assert drift(own, runtime.scope) == []
    assert secrets.describe_secret(SecretId=f"{runtime}/by-hand")["KmsKeyId"] == OWN_KEY


@pytest.mark.parametrize("name", ["more/key", "more"])
def test_an_undeclared_place_is_told_and_kept_while_it_holds_one(
    store: Any, secrets: Any, scope: str, name: str
) -> None:
    secrets.create_secret(Name=f"{scope}/{name}", SecretString="{}")
    assert drift(store, scope, DESIRED) == ["delete place more"]

    with pytest.raises(ApplyFailed) as refused:
        bring_about(store, scope)

    assert refused.value.where == "place more"
    assert secrets.describe_secret(SecretId=f"{scope}/{name}")
