"""AWS as every product on it reaches it: its errors in our words, and one access apart from another."""

import os
import socket
import time
from pathlib import Path

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.store import Store
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProviderFailed, ProvisioningError, Unreachable
from tests.support.back_ends import REGION, aws_access, opened
from tests.support.servers import free_port, moto_server, silent_server

IN_TIME = 5


def bucket(access: Access) -> Store:
    store: Store = opened(Kind.STORE, "s3", access, bucket="demo-shop")
    return store


def test_a_server_that_is_not_there_is_named_in_time() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    access = aws_access(address)
    for ask in (lambda: bucket(access).read("k"), lambda: aws.of(access).account):
        began = time.monotonic()
        with pytest.raises(Unreachable) as failure:
            ask()
        assert time.monotonic() - began < IN_TIME
        assert failure.value.address == address
        assert "AWS_ENDPOINT_URL" in failure.value.remedy


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    with silent_server() as address:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            _ = aws.of(aws_access(address)).account
        assert time.monotonic() - began < IN_TIME


def test_a_service_with_an_address_of_its_own_is_named_with_it(moto: str) -> None:
    own = f"http://127.0.0.1:{free_port()}"
    access = aws_access(moto, AWS_ENDPOINT_URL_S3=own)

    assert aws.of(access).account
    with pytest.raises(Unreachable) as failure:
        bucket(access).read("k")
    assert failure.value.address == own


def test_missing_credentials_name_the_variables_and_the_profile(moto: str) -> None:
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    access = Access("profile of nobody", {"AWS_ENDPOINT_URL": moto, **nowhere}, REGION)

    with pytest.raises(ProviderFailed) as failure:
        bucket(access).read("k")

    assert failure.value.where == "profile of nobody"
    assert "AWS_ACCESS_KEY_ID" in failure.value.remedy


def test_what_this_process_was_started_with_reaches_nobody(
    moto: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}"
    strays = {
        "AWS_PROFILE": "another-client",
        "AWS_CA_BUNDLE": str(tmp_path / "none.pem"),
        "AWS_ENDPOINT_URL": elsewhere,
        "AWS_ENDPOINT_URL_S3": elsewhere,
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "HTTP_PROXY": elsewhere,
        "HTTPS_PROXY": elsewhere,
    }
    for name, value in strays.items():
        monkeypatch.setenv(name, value)
    store = bucket(aws_access(moto))

    store.reach()
    store.prepare()

    assert aws.of(aws_access(moto)).client("s3").get_bucket_location(Bucket="demo-shop")["LocationConstraint"] == REGION


def test_two_accounts_at_once_do_not_mix(moto: str) -> None:
    with moto_server() as another:
        staging, production = bucket(aws_access(moto)), bucket(aws_access(another))
        staging.prepare()
        production.prepare()

        staging.create("k", b"staging")
        production.create("k", b"production")

        found = [store.read("k") for store in (staging, production)]
        assert [each[0] if each else None for each in found] == [b"staging", b"production"]


def test_credentials_of_another_account_are_no_way_in(moto: str) -> None:
    variables = aws_access(moto).variables
    access = Access("profile staging", variables, REGION, account="999999999999")

    with pytest.raises(ProvisioningError) as failure:
        bucket(access).reach()

    assert failure.value.where == "profile staging"
    assert failure.value.remedy


def test_an_identity_of_a_declared_account_is_known_without_asking() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        variables = aws_access(f"http://127.0.0.1:{closed.getsockname()[1]}").variables
        access = Access("profile staging", variables, REGION, account="999999999999")

        assert bucket(access).identity() == {"account": "999999999999"}
