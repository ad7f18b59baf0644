"""Clients of AWS: of the profile's account and addresses, whatever this process has in its variables."""

import os
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access, of_process
from provisioning_assets.errors import ProviderFailed, Unreachable

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDPROFILE", "AWS_SECRET_ACCESS_KEY": "of the profile"}
STRAY = {
    "AWS_PROFILE": "stray",
    "AWS_ACCESS_KEY_ID": "AKIDSTRAY",
    "AWS_SECRET_ACCESS_KEY": "stray",
    "AWS_SESSION_TOKEN": "stray",
    "AWS_REGION": "us-west-2",
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_CA_BUNDLE": "/nowhere/stray.pem",
    "REQUESTS_CA_BUNDLE": "/nowhere/stray.pem",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:2",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "HTTPS_PROXY": "http://127.0.0.1:3",
}
AMAZONS = "https://s3.eu-central-1.amazonaws.com"


@pytest.fixture
def stray(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A process with everything set that could lead a client astray; the folder of its AWS files."""
    for name, value in STRAY.items():
        monkeypatch.setenv(name, value)
    config = "[profile stray]\nregion = us-west-2\nendpoint_url = http://127.0.0.1:4\n"
    (tmp_path / "config").write_text(config)
    (tmp_path / "credentials").write_text("[stray]\naws_access_key_id = AKIDFILE\naws_secret_access_key = stray\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    home = tmp_path / "home/.aws"
    home.mkdir(parents=True)
    (home / "credentials").write_text("[default]\naws_access_key_id = AKIDHOME\naws_secret_access_key = stray\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_CREDENTIAL_FILE", str(tmp_path / "ec2"))
    (tmp_path / "ec2").write_text("AWSAccessKeyId=AKIDEC2\nAWSSecretKey=stray\n")
    monkeypatch.setenv("BOTO_CONFIG", str(tmp_path / "boto"))
    (tmp_path / "boto").write_text("[Credentials]\naws_access_key_id = AKIDBOTO\naws_secret_access_key = stray\n")
    return tmp_path


def access(**variables: str) -> Access:
    return Access("profile production", variables, "eu-central-1")


def credentials(client: Any) -> Any:
    return client._get_credentials()


def seen(client: Any) -> tuple[str, str, str, Any, Any]:
    """What a client would use: address, region, key, trust, proxies."""
    http = client._endpoint.http_session
    key = credentials(client)
    return client.meta.endpoint_url, client.meta.region_name, key.access_key, http._verify, http._proxy_config._proxies


@pytest.mark.usefixtures("stray")
def test_what_is_set_in_the_process_does_not_reach_a_profiles_client() -> None:
    client = aws.of(access(**KEYS)).client("s3")
    assert seen(client) == (AMAZONS, "eu-central-1", "AKIDPROFILE", True, {})
    assert credentials(client).token is None


@pytest.mark.usefixtures("stray")
def test_a_profile_without_credentials_takes_none_of_the_process() -> None:
    client = aws.of(access()).client("s3")
    assert credentials(client) is None
    with pytest.raises(ProviderFailed) as none, aws.of(access()).translated("S3"):
        client.list_buckets()
    assert none.value.where == "profile production"


def test_a_profile_may_name_a_profile_of_aws_and_its_files(stray: Path) -> None:
    (stray / "own").write_text("[agency]\naws_access_key_id = AKIDAGENCY\naws_secret_access_key = own\n")
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(stray / "own"), "AWS_CONFIG_FILE": str(stray / "none")}
    assert credentials(aws.of(access(AWS_PROFILE="agency", **files)).client("s3")).access_key == "AKIDAGENCY"


def test_a_profile_of_aws_that_its_files_lack_is_no_way_to_others(stray: Path) -> None:
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(stray / "none"), "AWS_CONFIG_FILE": str(stray / "config")}
    assert credentials(aws.of(access(AWS_PROFILE="stray", **files)).client("s3")) is None
    with pytest.raises(ProviderFailed):
        aws.of(access(AWS_PROFILE="agency", **files)).client("s3")


@pytest.mark.usefixtures("stray")
def test_without_a_profile_the_variables_of_the_process_count() -> None:
    client = aws.of(of_process("eu-central-1")).client("s3")
    assert credentials(client).access_key == "AKIDSTRAY"
    assert client.meta.endpoint_url == STRAY["AWS_ENDPOINT_URL_S3"]


@pytest.mark.usefixtures("stray")
def test_a_service_has_the_address_that_the_profile_gives_it() -> None:
    ours = aws.of(access(
        **KEYS,
        AWS_ENDPOINT_URL="http://127.0.0.1:10",
        AWS_ENDPOINT_URL_S3="http://127.0.0.1:11",
        AWS_ENDPOINT_URL_ROUTE_53="http://127.0.0.1:12",
    ))  # fmt: skip
    addresses = {service: ours.client(service).meta.endpoint_url for service in ("s3", "route53", "ssm")}
    assert addresses == {
        "s3": "http://127.0.0.1:11", "route53": "http://127.0.0.1:12", "ssm": "http://127.0.0.1:10"
    }  # fmt: skip


def test_two_accesses_have_two_credentials() -> None:
    one, other = (access(AWS_ACCESS_KEY_ID=f"AKID{name}", AWS_SECRET_ACCESS_KEY=name) for name in ("ONE", "TWO"))
    assert aws.of(one) is aws.of(one)
    assert [credentials(aws.of(each).client("s3")).access_key for each in (one, other)] == ["AKIDONE", "AKIDTWO"]
    same = access(**one.variables)
    assert aws.of(same).client("s3") is not aws.of(one).client("s3")


def test_the_account_is_the_declared_one_and_nobody_is_asked() -> None:
    declared = Access("profile production", KEYS, "eu-central-1", "123456789012")
    assert aws.of(declared).identity() == {"account": "123456789012"}


def test_a_server_that_does_not_answer_is_named_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = aws.of(access(**KEYS, AWS_ENDPOINT_URL="http://127.0.0.1:1"))

    def refuse(*_arguments: object, **_settings: object) -> None:
        raise botocore.exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    monkeypatch.setattr(ours.client("sts", attempts=1, patience=4), "get_caller_identity", refuse)
    with pytest.raises(Unreachable) as away:
        ours.reach()
    assert away.value.address == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("endpoint", "stands_in"),
    [("", False), ("http://127.0.0.1:1", True), ("https://s3.eu-central-1.amazonaws.com", False)],
)
def test_who_stands_in_for_amazon_is_known_by_its_address(endpoint: str, *, stands_in: bool) -> None:
    assert aws.of(access(AWS_ENDPOINT_URL=endpoint)).stands_in("s3") is stands_in


@pytest.mark.usefixtures("stray")
def test_a_program_of_ours_gets_the_profiles_variables_alone() -> None:
    given = {name: value for name, value in aws.of(access(**KEYS)).variables.items() if name.startswith("AWS_")}
    no_files = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    alone = {**no_files, "AWS_EC2_METADATA_DISABLED": "true", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    assert given == {**KEYS, **alone, "AWS_REGION": "eu-central-1"}


@pytest.mark.parametrize("region", ["", "eu central", "-"])
def test_a_region_that_is_none_is_told_with_what_to_do(region: str) -> None:
    with pytest.raises(ProviderFailed) as failure:
        aws.of(Access("profile production", KEYS, region)).client("sts")
    assert failure.value.where == "profile production"
    assert failure.value.remedy
