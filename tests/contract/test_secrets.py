"""One suite for every secret store of the catalogue, each on a real server, and for the one that other tests use."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import uuid4

import pytest

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.secrets import ALL, Place, Purpose, SecretStore
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.errors import ApplyFailed, ProviderFailed
from tests.support.back_ends import FAKE, names, products, subject_of
from tests.support.laws import EveryBackEnd, Proven
from tests.support.secret_stores import (
    AGENCY,
    DESIRED,
    OWNED,
    PIPELINE,
    PROVEN,
    SUBJECTS,
    WITHOUT_RUNTIME,
    Subject,
    bring_about,
    could_read,
    drift,
    otherwise,
)


class TestEveryLaw(EveryBackEnd):
    @pytest.fixture(params=products(Kind.SECRETS))
    def proven(self, request: pytest.FixtureRequest) -> Proven:
        return subject_of(Kind.SECRETS, request.param, PROVEN)(request)


@pytest.fixture(scope="module", params=SUBJECTS)
def subject(request: pytest.FixtureRequest) -> Subject:
    return SUBJECTS[request.param](request)


@pytest.fixture
def store(subject: Subject) -> SecretStore:
    return subject.store


@pytest.fixture
def fresh() -> str:
    """An environment that nobody wrote to."""
    return f"shop_{uuid4().hex[:8]}-staging"


@pytest.fixture
def scope(store: SecretStore, fresh: str) -> str:
    bring_about(store, fresh)
    return fresh


@pytest.fixture
def runtime(scope: str) -> Place:
    return Place(scope, "runtime")


@pytest.fixture
def private(scope: str) -> Place:
    return Place(scope, "engagement")


def test_every_product_has_a_subject_and_none_is_left_over() -> None:
    assert {name.partition(" on ")[0] for name in SUBJECTS} == set(names(Kind.SECRETS))
    assert sorted(PROVEN) == sorted(products(Kind.SECRETS))


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_subject_tries_grants_as_the_catalogue_says(name: str, request: pytest.FixtureRequest) -> None:
    product, subject = name.partition(" on ")[0], SUBJECTS[name](request)
    lacks = {} if product == FAKE else catalogue.lacks(Kind.SECRETS, product, subject.access)
    assert subject.tries_grants == (Capability.GRANTS_TRIED not in lacks)


def test_what_nobody_wrote_is_empty(store: SecretStore, fresh: str) -> None:
    assert [address for address in store.read_grants(fresh) if address.startswith("grant ")] == []
    assert store.stored(Place(fresh, "runtime")) == {}
    assert store.find(Place(fresh, "runtime"), "database-password") is None


def test_places_and_grants_are_there_after_they_were_written(store: SecretStore, scope: str) -> None:
    assert store.read_grants(scope) == DESIRED
    assert drift(store, scope) == []


def test_another_environment_has_none_of_it(store: SecretStore, scope: str) -> None:
    other = scope.replace("-staging", "-stag")

    assert PIPELINE not in store.read_grants(other)
    assert PIPELINE not in store.read_grants(f"{scope}_2")


@pytest.mark.parametrize(("attribute", "value"), [
    ("reads", {"runtime": ["database-password", "session-key"]}),
    ("reads", {"runtime": ["database-password"], "engagement": ALL}),
    ("reads", {"runtime": ALL}),
    ("reads", {}),
    ("lists", ["engagement", "runtime"]),
    ("logs_in", False),
])  # fmt: skip
def test_a_grant_of_more_or_less_is_seen_and_taken_back(
    store: SecretStore, scope: str, attribute: str, value: object
) -> None:
    other = {**DESIRED, PIPELINE: {**DESIRED[PIPELINE], attribute: value}}
    bring_about(store, scope, other)
    assert store.read_grants(scope) == other
    assert drift(store, scope) == [f"update {PIPELINE} ({attribute})"]

    bring_about(store, scope)

    assert drift(store, scope) == []


def test_what_was_opened_otherwise_is_told_and_taken_back(subject: Subject, scope: str, private: Place) -> None:
    subject.store.create(private, "ci-deploy-key", {"value": "x"}, OWNED)
    subject.open_wider(scope, "pipeline", "engagement")
    assert drift(subject.store, scope) == [f"update {PIPELINE} (otherwise)"]
    assert otherwise(subject.store, scope, PIPELINE)
    assert could_read(subject, scope, "pipeline", [("engagement", "ci-deploy-key")]) in (["ci-deploy-key"], None)

    bring_about(subject.store, scope)

    assert drift(subject.store, scope) == []
    assert could_read(subject, scope, "pipeline", [("engagement", "ci-deploy-key")]) in ([], None)


def test_an_undeclared_grant_is_deleted(store: SecretStore, scope: str) -> None:
    bring_about(store, scope, {**DESIRED, "grant x": DESIRED[PIPELINE], "grant y": DESIRED[AGENCY]})
    assert drift(store, scope) == ["delete grant x", "delete grant y"]

    bring_about(store, scope)

    assert drift(store, scope) == []


@pytest.mark.parametrize("name", ["team-*", "+", 'x" {}', ""])
def test_a_grant_of_what_is_no_name_is_refused_at_its_address(store: SecretStore, scope: str, name: str) -> None:
    with pytest.raises(ApplyFailed) as refused:
        bring_about(store, scope, {**DESIRED, PIPELINE: {**DESIRED[PIPELINE], "reads": {"runtime": [name]}}})

    assert refused.value.where == PIPELINE
    assert refused.value.remedy
    assert drift(store, scope) == []


def test_a_place_that_holds_a_secret_is_not_deleted(store: SecretStore, scope: str, runtime: Place) -> None:
    store.create(runtime, "database-password", {"value": "first"}, OWNED)

    with pytest.raises(ApplyFailed) as refused:
        bring_about(store, scope, WITHOUT_RUNTIME)

    assert refused.value.where == "place runtime"
    assert refused.value.remedy
    assert store.read(runtime, "database-password") == {"value": "first"}


def test_an_empty_place_is_deleted_or_was_always_there(store: SecretStore, scope: str) -> None:
    bring_about(store, scope, WITHOUT_RUNTIME)

    always = store.read_grants("shop_nobody-staging")
    assert ("place runtime" in store.read_grants(scope)) == ("place runtime" in always)
    assert store.read_grants(scope)[PIPELINE] == DESIRED[PIPELINE]


def test_a_first_value_stays(store: SecretStore, runtime: Place) -> None:
    assert store.create(runtime, "database-password", {"value": "first"}, OWNED)
    assert not store.create(runtime, "database-password", {"value": "second"}, {"owner": "somebody else"})

    assert store.read(runtime, "database-password") == {"value": "first"}
    stored = store.stored(runtime)["database-password"]
    assert dict(stored.metadata) == OWNED
    assert datetime.now(UTC) - stored.written_at < timedelta(minutes=1)


def test_a_secret_is_found_by_its_name_alone(store: SecretStore, runtime: Place, private: Place) -> None:
    store.create(runtime, "session-key", {"value": "first"}, OWNED)

    found, listed = store.find(runtime, "session-key"), store.stored(runtime)["session-key"]
    assert found is not None
    assert (found.version, dict(found.metadata)) == (listed.version, dict(listed.metadata))
    assert store.find(runtime, "session") is None
    assert store.find(private, "session-key") is None


def test_secrets_of_one_name_in_two_places_are_two(store: SecretStore, runtime: Place, private: Place) -> None:
    store.create(runtime, "session-key", {"value": "runtime"}, OWNED)
    assert store.stored(private) == {}

    store.create(private, "session-key", {"value": "engagement"}, OWNED)

    assert store.read(runtime, "session-key") == {"value": "runtime"}


def test_an_update_counts_only_on_the_version_that_was_seen(store: SecretStore, runtime: Place) -> None:
    assert not store.update(runtime, "session-key", {"value": "x"}, version="1")
    store.create(runtime, "session-key", {"key": "k1", "chain": "c1"}, OWNED)
    first = store.stored(runtime)["session-key"].version

    assert store.update(runtime, "session-key", {"key": "k2", "chain": "c2"}, version=first)
    assert not store.update(runtime, "session-key", {"key": "k3", "chain": "c3"}, version=first)

    assert store.read(runtime, "session-key") == {"key": "k2", "chain": "c2"}
    assert store.stored(runtime)["session-key"].version != first
    assert dict(store.stored(runtime)["session-key"].metadata) == OWNED


def test_another_owner_leaves_value_and_version(store: SecretStore, runtime: Place) -> None:
    store.create(runtime, "session-key", {"value": "first"}, OWNED)
    first = store.stored(runtime)["session-key"].version

    store.describe(runtime, "session-key", {"owner": "Chiara Conti"})

    stored = store.stored(runtime)["session-key"]
    assert (stored.version, dict(stored.metadata)) == (first, {"owner": "Chiara Conti"})
    assert store.read(runtime, "session-key") == {"value": "first"}
    with pytest.raises(ProviderFailed):
        store.describe(runtime, "nothing", OWNED)
    assert "nothing" not in store.stored(runtime)


def test_of_two_first_writers_one_wins(store: SecretStore, runtime: Place) -> None:
    start = Barrier(2)

    def write(value: str) -> bool:
        start.wait(5)
        return store.create(runtime, "database-password", {"value": value}, OWNED)

    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(write, ["first", "second"]))

    assert sorted(won) == [False, True]
    assert store.read(runtime, "database-password") == {"value": ["first", "second"][won.index(True)]}


def test_the_pipeline_reads_what_is_listed_and_nothing_else(subject: Subject, scope: str) -> None:
    there: list[tuple[Purpose, str]] = [
        ("runtime", "database-password"),
        ("runtime", "session-key"),
        ("runtime", "certificate-shop"),
        ("engagement", "ci-deploy-key"),
    ]
    for purpose, name in there:
        subject.store.create(Place(scope, purpose), name, {"value": "x"}, OWNED)

    assert could_read(subject, scope, "pipeline", there) in (["database-password"], None)


def test_what_the_agency_may_read_is_engagement_time(subject: Subject, scope: str) -> None:
    there: list[tuple[Purpose, str]] = [("runtime", "database-password"), ("engagement", "ci-deploy-key")]
    bring_about(subject.store, scope, {**DESIRED, AGENCY: {**DESIRED[AGENCY], "logs_in": True}})
    for purpose, name in there:
        subject.store.create(Place(scope, purpose), name, {"value": "x"}, OWNED)

    assert could_read(subject, scope, "agency", there) in (["ci-deploy-key"], None)


def test_what_could_not_be_tried_is_no_answer(store: SecretStore, scope: str) -> None:
    for who in ("pipeline", "agency", "nobody"):  # the secret is not there; it has no log-in; there is no such grant
        with pytest.raises(ProviderFailed):
            store.can_read(scope, who, [("runtime", "database-password")])


def test_what_is_not_there_cannot_be_read(store: SecretStore, runtime: Place) -> None:
    for place in (runtime, Place("shop_nobody-staging", "runtime")):
        with pytest.raises(ProviderFailed):
            store.read(place, "database-password")


def test_a_value_needs_its_place(store: SecretStore, fresh: str) -> None:
    place, value = Place(fresh, "runtime"), {"value": "x"}
    if "place runtime" in store.read_grants(fresh):  # a mere prefix is always there
        assert store.create(place, "database-password", value, OWNED)
        return
    with pytest.raises(ProviderFailed):
        store.create(place, "database-password", value, OWNED)
    with pytest.raises(ProviderFailed):
        store.update(place, "database-password", value, version="1")
