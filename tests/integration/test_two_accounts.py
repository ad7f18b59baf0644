"""One process serves two environments that lie in two accounts of two clouds: each is reached by its own profile."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.opening import open_session, reach
from provisioning_assets.sandbox.lifecycle import REGION
from tests.support.engagements import edited
from tests.support.profiles import Profile, keys_of
from tests.support.proving import BEFORE_CONFIG, WHOLE, named, prove, reasons
from tests.support.servers import moto_server

STAGING, PRODUCTION = "123456789012", "210987654321"


@pytest.fixture
def elsewhere(profile: Profile, tmp_path: Path) -> Iterator[Access]:
    """The profile `elsewhere`: another account of another AWS; what is not AWS stays the sandbox's."""
    copied = Profile.copied(profile.file, tmp_path, "elsewhere")
    with moto_server() as address:
        copied.set(AWS_ENDPOINT_URL=address)
        copied.set(**keys_of(PRODUCTION, copied.access(REGION)))
        yield copied.access(REGION)


@pytest.fixture
def two(shop: Path, elsewhere: Access) -> Graph:
    production = "name: production\n    region: eu-central-1\n    profile: "
    return edited(
        shop,
        (f"{production}sandbox\n", f'{production}elsewhere\n    account: "{PRODUCTION}"\n'),
        ("name: staging\n", f'name: staging\n    account: "{STAGING}"\n'),
    )


def buckets(access: Access) -> set[str]:
    return {each["Name"] for each in aws.of(access).client("s3").list_buckets()["Buckets"]}


def test_production_reads_stagings_record_from_the_other_server(two: Graph, cloud: Access, elsewhere: Access) -> None:
    prove(two, "staging", *WHOLE)
    production = open_session(two, "production", run="r")
    assert production.before is not None
    staging = open_session(two, "staging", run="r")
    assert production.before.ledger.pages == staging.ledger.pages != ()
    assert production.ledger.pages == ()
    bucket = staging.environment.state.model_dump()["bucket"]
    assert bucket in buckets(cloud)
    assert buckets(elsewhere) == set()


def test_each_environment_is_written_where_its_own_profile_leads(two: Graph, cloud: Access, elsewhere: Access) -> None:
    prove(two, "staging", *WHOLE)
    prove(two, "production", *BEFORE_CONFIG)
    state = {each.name: each.state.model_dump()["bucket"] for each in two.engagement.environments}
    assert buckets(elsewhere) == {state["production"]}
    assert state["staging"] in buckets(cloud)
    assert state["production"] not in buckets(cloud)


def test_proof_in_the_one_account_opens_the_gate_in_the_other(two: Graph) -> None:
    prove(two, "production", *BEFORE_CONFIG)
    assert {each.partition(":")[0] for each in named(reasons(two, "production", "runtime_config"))} == {
        f"staging/{asset}" for asset in WHOLE
    }
    prove(two, "staging", *WHOLE)
    assert reasons(two, "production", "runtime_config") == []


def test_both_are_asked_for_a_sign_of_life_in_one_process(two: Graph) -> None:
    for environment in ("staging", "production", "staging"):
        session = open_session(two, environment, run="r")
        reach(session, [two.task(environment, "networking"), two.task(environment, "runtime_config")])
        assert aws.of(session.access).account == {"staging": STAGING, "production": PRODUCTION}[environment]
