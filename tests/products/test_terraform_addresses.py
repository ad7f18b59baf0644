"""Credentials go where the profile leads: no address in a file of AWS leads Terraform, as none leads us."""

import http.server
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import QUIET, StageRoot
from provisioning_assets.backends.store.settings import S3
from provisioning_assets.errors import ProviderFailed
from tests.support.back_ends import REGION
from tests.support.engines import LOCK_FILE
from tests.support.servers import free_port
from tests.support.terraform_stage import BUCKET, bucket_at, terraform

pytestmark = pytest.mark.slow

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDPROFILE", "AWS_SECRET_ACCESS_KEY": "of the profile"}
IGNORES = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
FILES = {
    "one for all": "[default]\nendpoint_url = {}\n",
    "one a service": "[default]\nservices = x\n[services x]\ns3 =\n  endpoint_url = {0}\nsts =\n  endpoint_url = {0}\n",
}
ROOT = """
terraform {
  backend "s3" {}
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  max_retries       = 1
  s3_use_path_style = true
}

data "aws_s3_bucket" "state" {
  bucket = "BUCKET"
}
"""


@contextmanager
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server that a file of AWS names: its address, and whose credentials it got."""
    heard: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            heard.append(f"{self.command} {self.headers.get('Authorization', '')}")
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815 - as http.server calls them

        def log_message(self, *_arguments: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", heard
        finally:
            server.shutdown()
            thread.join()


def led_by(folder: Path, text: str, **variables: str) -> Access:
    """An access whose profile names a file of AWS with this text."""
    (folder / "config").write_text(text)
    own = {**KEYS, "AWS_CONFIG_FILE": str(folder / "config"), "AWS_EC2_METADATA_DISABLED": "true"}
    return Access("profile production", {**own, **variables}, REGION)


def stage(folder: Path) -> StageRoot:
    root = folder / "root"
    root.mkdir()
    (root / "main.tf").write_text(ROOT.replace("BUCKET", BUCKET))
    shutil.copy(LOCK_FILE, root)
    return StageRoot("small", root, folder / "work", "small", S3(bucket=BUCKET), {}, {})


def given(moto: str, name: str) -> Mapping[str, str]:
    """How a profile names the server that stands in for Amazon's."""
    each = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_IAM")
    return dict.fromkeys(each if name == "one a service" else ("AWS_ENDPOINT_URL",), moto)


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
@pytest.mark.parametrize("name", FILES)
def test_terraform_goes_where_the_profile_leads_and_nowhere_else(
    moto: str, tmp_path: Path, file: str, name: str
) -> None:
    """State and provider: both would follow the file."""
    bucket_at(moto)
    with listener() as (elsewhere, heard):
        access = led_by(tmp_path, file.format(elsewhere), **given(moto, name))
        assert terraform(access).plan(stage(tmp_path), QUIET).empty
        assert heard == []


@pytest.mark.parametrize("own", ["", "false", "true"])
@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_service_without_an_address_in_the_profile_takes_none_of_a_file(
    moto: str, tmp_path: Path, file: str, own: str
) -> None:
    """Amazon's own servers are not asked from here: the proxy before them is not there."""
    bucket_at(moto)
    with listener() as (elsewhere, heard):
        given_ones = {"AWS_ENDPOINT_URL_S3": moto, "HTTPS_PROXY": f"http://127.0.0.1:{free_port()}"}
        access = led_by(tmp_path, file.format(elsewhere), **given_ones, **({IGNORES: own} if own else {}))
        with pytest.raises(ProviderFailed) as failure:
            terraform(access).plan(stage(tmp_path), QUIET)
        assert heard == []
        assert "sts.eu-central-1.amazonaws.com" in failure.value.cause
        assert aws.of(access).variables[IGNORES] == "true"


def test_what_would_ignore_the_profiles_own_address_reaches_no_program(moto: str, tmp_path: Path) -> None:
    access = led_by(tmp_path, "", AWS_ENDPOINT_URL=moto, **{IGNORES: "true"})
    assert IGNORES not in aws.of(access).variables
