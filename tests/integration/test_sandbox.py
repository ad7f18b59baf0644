"""The sandbox as people use it: started, asked, broken, started again, stopped. Its own set of servers."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import hvac
import psutil
import pytest
import requests
from tenacity import Retrying, stop_after_delay, wait_fixed

from provisioning_assets.backends import aws
from provisioning_assets.backends.emulations import EMULATIONS
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.sandbox import lifecycle as sandbox
from provisioning_assets.sandbox import processes
from provisioning_assets.sandbox.members import SERVERS
from provisioning_assets.sandbox.processes import Folder
from tests.support.back_ends import aws_access

START = "import sys, pathlib, provisioning_assets.sandbox.lifecycle as s; s.start(pathlib.Path(sys.argv[1]), print)"
NAMES = ("aws", "openbao", "dns", "resolver", "edge", "alarms", "prober")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A running sandbox's folder."""
    folder = tmp_path_factory.mktemp("sandbox") / "sandbox"
    sandbox.start(folder, print)
    yield folder
    sandbox.stop(folder)


def pids(home: Path) -> dict[str, int | None]:
    return {member.name: member.pid for member in sandbox.status(home)}


def states(home: Path) -> dict[str, str]:
    return {member.name: member.state for member in sandbox.status(home)}


def variables(home: Path) -> dict[str, str]:
    """What a shell reads from the file."""
    shown = subprocess.run(
        ["/bin/sh", "-c", f"set -a; . {sandbox.profile_file(home)}; exec env -0"],
        env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(line.split("=", 1) for line in shown.stdout.split("\0") if line)


def kill(home: Path, name: str) -> None:
    process = processes.running(Folder(home), name)
    assert process is not None
    process.kill()
    process.wait(10)


def s3(home: Path) -> Any:
    return aws.of(aws_access(variables(home)["AWS_ENDPOINT_URL"])).client("s3")


def bucket(home: Path, name: str) -> None:
    """Something in the cloud, which is gone when the cloud is."""
    s3(home).create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": sandbox.REGION})


def test_every_member_runs_at_an_address_of_its_own(home: Path) -> None:
    members = sandbox.status(home)
    assert tuple(member.name for member in members) == NAMES
    assert {member.state for member in members} == {"running"}
    served = [member.address for member in members if member.address]
    assert len(set(served)) == len(served) == 5
    assert [set(member.as_json()) for member in members] == [{"name", "address", "state", "pid"}] * 7


def test_a_second_start_changes_nothing(home: Path) -> None:
    before, told = pids(home), []
    sandbox.start(home, told.append)
    assert (pids(home), told) == (before, [])


def test_two_starts_at_once_make_one_set(tmp_path: Path) -> None:
    home = tmp_path / "sandbox"
    try:
        with ThreadPoolExecutor(2) as pool:
            command = [sys.executable, "-c", START, str(home)]
            runs = list(pool.map(lambda _: subprocess.run(command, capture_output=True, check=False), range(2)))
        assert [run.returncode for run in runs] == [0, 0], runs
        mine = members_of(home)
        assert mine == set(pids(home).values())
    finally:
        sandbox.stop(home)
    assert set(states(home).values()) == {"stopped"}


def members_of(home: Path) -> set[int]:
    """Process numbers of everything that was started for this folder, whatever the pidfiles say."""
    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            member = any("provisioning_assets.sandbox" in part or str(home) in part for part in process.cmdline())
            if member and process.environ().get("VAULT_TOKEN_FILE", "").startswith(f"{home}/"):
                found.add(process.pid)
    return found


def test_the_profile_leads_to_every_server_and_loads_in_a_shell_too(home: Path) -> None:
    found = variables(home)
    assert requests.get(found["AWS_ENDPOINT_URL"] + "/moto-api/data.json", timeout=5).ok
    assert requests.get(found["VAULT_ADDR"] + "/v1/sys/health", timeout=5).ok
    directory = requests.get(found["ACME_DIRECTORY_URL"], timeout=5).json()
    assert directory["newOrder"].startswith(found["VAULT_ADDR"])
    assert "BEGIN CERTIFICATE" in Path(found["SSL_CERT_FILE"]).read_text()
    assert found["PROVISIONING_CONNECT_TO"].startswith("*:443:127.0.0.1:")
    assert found["PROVISIONING_NAMESERVERS"] != found["PROVISIONING_RESOLVERS"]
    assert found["PROVISIONING_EMULATION"] in EMULATIONS
    assert found["AWS_EC2_METADATA_DISABLED"] == "true"


def test_the_root_token_lies_in_its_file_and_nowhere_else(home: Path) -> None:
    file = home / "openbao.token"
    token = file.read_text().strip()
    client = hvac.Client(url=variables(home)["VAULT_ADDR"], token=token)
    assert client.lookup_token()["data"]["policies"] == ["root"]
    client.logout()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = [each for each in home.parent.rglob("*") if each.is_file()]
    assert sandbox.profile_file(home) in written
    assert [each for each in written if token in each.read_text(errors="replace")] == [file]
    for pid in pids(home).values():
        process = psutil.Process(pid)
        assert token not in " ".join([*process.cmdline(), *process.environ().values()])


def test_every_file_and_its_folder_are_their_owners_alone(home: Path) -> None:
    for each in (home, sandbox.profile_file(home).parent):
        assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (each, *each.iterdir())} == {0}


def test_a_crashed_cloud_is_told_and_comes_back_at_its_address_empty(home: Path) -> None:
    bucket(home, "kept-in-memory")
    before = sandbox.status(home)
    kill(home, "aws")
    assert states(home) == dict.fromkeys(NAMES, "running") | {"aws": "crashed"}
    assert json.dumps(next(m.as_json() for m in sandbox.status(home) if m.name == "aws")).endswith('"pid": null}')
    told: list[str] = []
    after = sandbox.start(home, told.append)
    assert [m.address for m in after] == [m.address for m in before]
    assert [m.name for m, n in zip(before, after, strict=True) if m.pid != n.pid] == ["aws"]
    assert [line.split()[0] for line in told] == ["aws"]
    assert SERVERS["aws"].lost in told[0]
    assert s3(home).list_buckets()["Buckets"] == []


def test_a_crashed_secret_store_is_told_and_comes_back_empty(home: Path) -> None:
    token = (home / "openbao.token").read_text()
    kill(home, "openbao")
    told: list[str] = []
    sandbox.start(home, told.append)
    assert [line.split()[0] for line in told] == ["openbao"]
    assert SERVERS["openbao"].lost in told[0]
    assert (home / "openbao.token").read_text() != token
    assert requests.get(variables(home)["ACME_DIRECTORY_URL"], timeout=5).ok


def test_a_sealed_secret_store_is_no_running_one(home: Path) -> None:
    """Its key is not kept, so that only a new one helps; the same for a start that was killed half way."""
    client = hvac.Client(url=variables(home)["VAULT_ADDR"], token=(home / "openbao.token").read_text())
    client.sys.seal()
    told: list[str] = []
    sandbox.start(home, told.append)
    assert [line.split()[0] for line in told] == ["openbao"]
    assert not client.sys.is_sealed()


def test_a_crashed_watcher_comes_back_alone(home: Path) -> None:
    before = pids(home)
    kill(home, "prober")
    told: list[str] = []
    sandbox.start(home, told.append)
    assert [line.split()[0] for line in told] == ["prober"]
    assert [name for name, pid in pids(home).items() if before[name] != pid] == ["prober"]


def test_a_port_that_somebody_else_took_is_named(home: Path) -> None:
    port = Folder(home).ports(NAMES)["dns"]
    kill(home, "dns")
    with Stranger(port):
        with pytest.raises(ProvisioningError) as refused:
            sandbox.start(home, print)
        assert f"dns ({port})" in refused.value.what
        assert refused.value.remedy
    sandbox.start(home, print)
    assert states(home)["dns"] == "running"


class Stranger:
    """Listens on a port that a member wants."""

    def __init__(self, port: int) -> None:
        code = f"import socket; s = socket.create_server(('127.0.0.1', {port})); print('on', flush=True); input()"
        self.process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"on\n"

    def __exit__(self, *_: object) -> None:
        self.process.communicate(b"\n")


def test_a_member_that_cannot_start_is_an_error_with_its_last_words(home: Path, monkeypatch) -> None:
    kill(home, "resolver")
    failing = [sys.executable, "-c", "raise SystemExit('no room for a resolver')"]
    without = replace(SERVERS["resolver"], command=lambda _: failing)
    monkeypatch.setattr(sandbox, "SERVERS", {**SERVERS, "resolver": without})
    with pytest.raises(ProvisioningError) as failed:
        sandbox.start(home, print)
    assert failed.value.where == str(Folder(home).log("resolver"))
    assert failed.value.cause.endswith("no room for a resolver")
    monkeypatch.undo()
    assert states(home)["resolver"] == "crashed"
    sandbox.start(home, print)


def test_stop_ends_all_and_a_new_start_keeps_the_addresses(home: Path) -> None:
    """Runs last: the others' servers end here."""
    before, running = sandbox.status(home), list(filter(None, pids(home).values()))
    sandbox.stop(home)
    assert set(states(home).values()) == {"stopped"}
    for attempt in Retrying(stop=stop_after_delay(5), wait=wait_fixed(0.05), reraise=True):
        with attempt:
            assert not [p for p in running if psutil.pid_exists(p) and psutil.Process(p).status() != "zombie"]
    assert not list(home.glob("*.pid"))
    assert sandbox.stop(home) == sandbox.status(home)
    with Stranger(Folder(home).ports(NAMES)["edge"]):
        told: list[str] = []
        moved = sandbox.start(home, told.append)
        assert ["edge (" in line for line in told] == [True]
    assert {m.state for m in moved} == {"running"}
    assert [m.address for m in moved if m.address] != [m.address for m in before if m.address]
