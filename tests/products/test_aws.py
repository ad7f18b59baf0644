"""AWS as every product on it reaches it: its errors in our words, and one access apart from another."""

import json
import os
import socket
import time
from contextlib import suppress
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


@pytest.mark.parametrize("chosen", ["agency", "deployer"])
def test_a_credential_process_sees_the_profile_and_no_stray(
    moto: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chosen: str
) -> None:
    """Also where another profile takes a role with what the process answers."""
    answer = {"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "of the process"}
    script = tmp_path / "keys"
    script.write_text(f"#!/bin/sh\nenv -0 > {tmp_path}/seen\necho '{json.dumps(answer)}'\n")
    script.chmod(0o700)
    files = {"AWS_CONFIG_FILE": tmp_path / "config", "AWS_SHARED_CREDENTIALS_FILE": tmp_path / "none"}
    role = "role_arn = arn:aws:iam::123456789012:role/deployer\nsource_profile = agency\n"
    files["AWS_CONFIG_FILE"].write_text(
        f"[profile agency]\ncredential_process = {script}\n[profile deployer]\nregion = {REGION}\n{role}"
    )
    own = {"AWS_ENDPOINT_URL": moto, "AWS_PROFILE": chosen, "SHOP": "1", **{k: str(v) for k, v in files.items()}}
    own["HTTPS_PROXY"] = f"http://127.0.0.1:{free_port()}"  # the role is asked of Amazon: not from here
    for name, value in {"AWS_SESSION_TOKEN": "stray", "AWS_REGION": "us-west-2", "VAULT_TOKEN": "stray"}.items():
        monkeypatch.setenv(name, value)

    with suppress(Unreachable):
        assert aws.of(Access("profile production", own, REGION)).account

    seen = dict(pair.split("=", 1) for pair in (tmp_path / "seen").read_text().split("\0") if pair)
    run = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "XDG_DATA_HOME", "XDG_CONFIG_HOME"}
    of_the_shell = {"PWD", "SHLVL", "OLDPWD", "_"}
    of_ours = {"AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
    assert {name: seen[name] for name in seen.keys() - run - of_the_shell} == {**own, **of_ours}
    assert seen["PATH"]


def test_a_credential_process_that_is_not_there_is_named(moto: str, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = {tmp_path}/none --for shop\n")
    access = Access("profile production", {"AWS_ENDPOINT_URL": moto, "AWS_CONFIG_FILE": str(config)}, REGION)

    with pytest.raises(ProviderFailed) as failure:
        aws.of(access).reach()

    assert failure.value.where == f"{tmp_path}/none"
    assert "AWS_CONFIG_FILE" in failure.value.remedy
