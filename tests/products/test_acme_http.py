"""http-01 on Pebble, which looks over real HTTP: what the edge serves from a folder or a bucket, and what is left."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates.acme.authority import Acme
from provisioning_assets.errors import ProviderFailed
from provisioning_assets.probes.tls import describe
from tests.support.authorities import Challenges, Customer
from tests.support.back_ends import REGION, aws_access
from tests.support.edges import Look, edge
from tests.support.name_servers import Zone, answering
from tests.support.pebble import Pebble, pebble_server

NAMES = ("shop.example", "www.shop.example", "shop.elsewhere.example")
WELL_KNOWN = ".well-known/acme-challenge/"
OTHERS = {"theirs": "theirs.somebody-elses-thumbprint", "robots": "no token at all"}


class Killed(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Place:
    """A webroot as its owner sees it."""

    setting: str
    access: Mapping[str, str]
    look: Look
    put: Callable[[str, str], object]
    tokens: Callable[[], dict[str, str]]

    def open(self, pebble: Pebble) -> Acme:
        access = Access("the test's own", {**self.access, **pebble.access().variables}, REGION)
        authority: Acme = pebble.open(access, challenge="http-01", webroot=self.setting)
        return authority


@pytest.fixture(scope="module")
def pebble() -> Iterator[Pebble]:
    zone = Zone("example", {f"{name} A": {"ttl": 60, "values": ["127.0.0.1"]} for name in NAMES})
    with answering(zone) as name_server, pebble_server(str(name_server)) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Place:
    files = tmp_path / WELL_KNOWN

    def look(path: str) -> bytes | None:
        file = tmp_path / path
        return file.read_bytes() if file.is_file() else None

    def put(name: str, text: str) -> None:
        files.mkdir(parents=True, exist_ok=True)
        (files / name).write_text(text)

    return Place(str(tmp_path), {}, look, put, lambda: {each.name: each.read_text() for each in files.iterdir()})


@pytest.fixture
def bucket(moto: str) -> Iterator[Place]:
    access = aws_access(moto)
    s3 = aws.of(access).client("s3")
    s3.create_bucket(Bucket="edge", CreateBucketConfiguration={"LocationConstraint": REGION})

    def objects() -> list[str]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="edge", Prefix="site/")
        return [each["Key"].removeprefix("site/") for page in pages for each in page.get("Contents", [])]

    def look(path: str) -> bytes | None:
        return s3.get_object(Bucket="edge", Key=f"site/{path}")["Body"].read() if path in objects() else None

    def put(name: str, text: str) -> None:
        s3.put_object(Bucket="edge", Key=f"site/{WELL_KNOWN}{name}", Body=text.encode())

    def tokens() -> dict[str, str]:
        return {key.removeprefix(WELL_KNOWN): (look(key) or b"").decode() for key in objects()}

    yield Place("s3://edge/site", access.variables, look, put, tokens)
    for key in objects():
        s3.delete_object(Bucket="edge", Key=f"site/{key}")
    s3.delete_bucket(Bucket="edge")


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    for name, text in OTHERS.items():
        found.put(name, text)
    return found


def customer() -> Customer:
    return Customer(NAMES, Challenges(Zone("example")))


def test_names_are_proven_over_http_and_nothing_is_left(pebble: Pebble, place: Place) -> None:
    ordered = customer()

    with edge(pebble.http_port, place.look) as asked:
        issued = place.open(pebble).issue(ordered)

    assert describe(issued.chain).names == tuple(sorted(NAMES))
    assert len({path for path in asked if path.startswith(f"/{WELL_KNOWN}")}) == len(NAMES)
    assert place.tokens() == OTHERS
    assert isinstance(ordered.publisher, Challenges)
    assert ordered.publisher.seen == []


def test_what_a_killed_run_left_the_next_one_takes_away(
    pebble: Pebble, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered, authority = customer(), place.open(pebble)
    with monkeypatch.context() as killed:
        killed.setattr("provisioning_assets.backends.certificates.acme.webroot.Folder.remove", _killed)
        killed.setattr("provisioning_assets.backends.certificates.acme.webroot.Bucket.remove", _killed)
        with pytest.raises(Killed), edge(pebble.http_port, place.look):
            authority.issue(ordered)
    left = place.tokens().keys() - OTHERS.keys()
    assert len(left) == len(NAMES)

    with edge(pebble.http_port, place.look):
        assert place.open(pebble).issue(ordered).chain

    assert place.tokens() == OTHERS


def test_files_of_another_account_are_left_alone(pebble: Pebble, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as killed:
        killed.setattr("provisioning_assets.backends.certificates.acme.webroot.Folder.remove", _killed)
        killed.setattr("provisioning_assets.backends.certificates.acme.webroot.Bucket.remove", _killed)
        with pytest.raises(Killed), edge(pebble.http_port, place.look):
            place.open(pebble).issue(customer())
    theirs = place.tokens()

    with edge(pebble.http_port, place.look):
        place.open(pebble).issue(customer())

    assert place.tokens() == theirs


def test_a_token_that_is_not_served_is_told_with_its_address(pebble: Pebble, place: Place) -> None:
    with edge(pebble.http_port, lambda _path: None) as asked, pytest.raises(ProviderFailed) as caught:
        place.open(pebble).issue(customer())

    assert caught.value.where == pebble.directory
    assert all(path.removeprefix("/") in caught.value.cause for path in asked)
    assert all(f"http://{name}/{WELL_KNOWN}" in caught.value.cause for name in NAMES)
    assert "404" in caught.value.cause
    assert place.setting in caught.value.remedy
    assert place.tokens() == OTHERS


def test_an_edge_that_is_away_is_told_with_its_address(pebble: Pebble, place: Place) -> None:
    with pytest.raises(ProviderFailed) as caught:
        place.open(pebble).issue(customer())

    assert all(f"http://{name}/{WELL_KNOWN}" in caught.value.cause for name in NAMES)
    assert "connection" in caught.value.cause
    assert place.tokens() == OTHERS


@pytest.mark.parametrize("made", ["nothing", "file"])
def test_a_folder_that_is_none_is_told_before_anything_is_ordered(pebble: Pebble, tmp_path: Path, made: str) -> None:
    place = tmp_path / "webroot"
    if made == "file":
        place.write_text("")
    authority = pebble.open(challenge="http-01", webroot=str(place))

    for ask in (authority.reach, lambda: authority.issue(customer())):
        with pytest.raises(ProviderFailed) as caught:
            ask()
        assert caught.value.where == str(place)
        assert caught.value.remedy


def test_a_bucket_that_is_none_is_told(pebble: Pebble, moto: str) -> None:
    access = Access("the test's own", {**aws_access(moto).variables, **pebble.access().variables}, REGION)
    authority = pebble.open(access, challenge="http-01", webroot="s3://nobodys/site")

    with pytest.raises(ProviderFailed) as caught:
        authority.issue(customer())

    assert caught.value.where == "s3://nobodys"
    assert caught.value.remedy


def test_a_wildcard_is_not_offered_over_http(pebble: Pebble, folder: Place) -> None:
    with pytest.raises(ProviderFailed) as caught:
        folder.open(pebble).issue(Customer(("*.shop.example",), Challenges(Zone("example"))))

    assert "http-01" in caught.value.what
    assert caught.value.remedy


def _killed(*_: object) -> None:
    raise Killed
