"""The sandbox's own servers are for programs: a page of another site reaches none of them by a browser."""

import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from provisioning_assets.backends import aws
from provisioning_assets.sandbox.prometheus import server_command
from tests.support.back_ends import aws_access
from tests.support.servers import free_port, wait_for

FOREIGN = {
    "another origin": {"Origin": "http://evil.example"},
    "another port": {"Origin": "http://127.0.0.1:1"},
    "another site without its origin": {"Sec-Fetch-Site": "cross-site"},
    "another port without its origin": {"Sec-Fetch-Site": "same-site"},
    "a name of others for this machine": {"Host": "evil.example"},
}


@pytest.fixture(params=["moto", "ministack", "delivery_probe"])
def server(request: pytest.FixtureRequest) -> str:
    address: str = request.getfixturevalue(request.param)
    return address


@pytest.fixture(scope="module")
def delivery_probe() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(server_command("delivery_probe", port))
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("page", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_a_page_of_another_site_is_refused(server: str, page: str, method: str) -> None:
    told = requests.request(method, f"{server}/people/pager", headers=FOREIGN[page], data="x", timeout=10)
    assert told.status_code == 403
    assert not [name for name in told.headers if name.lower().startswith("access-control")]


def test_what_a_page_sent_to_the_pager_is_not_kept(delivery_probe: str) -> None:
    place = f"{delivery_probe}/people/pager"
    requests.post(place, data="{}", headers=FOREIGN["another origin"], timeout=10)
    assert requests.get(place, timeout=10).json()["got"] == []
    requests.post(place, data="{}", timeout=10)
    assert len(requests.get(place, timeout=10).json()["got"]) == 1


@pytest.mark.parametrize("cloud", ["moto", "ministack"])
def test_programs_work_by_either_form_of_a_buckets_address(cloud: str, request: pytest.FixtureRequest) -> None:
    address = request.getfixturevalue(cloud)
    s3 = aws.of(aws_access(address)).client("s3")
    s3.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="shop", Key="a", Body=b"here")
    assert s3.get_object(Bucket="shop", Key="a")["Body"].read() == b"here"
    hosted = {"Host": f"shop.localhost:{urlsplit(address).port}"}
    told = requests.get(f"{address}/a", headers=hosted, timeout=10)
    assert "refused" not in told.text
