"""`provisioning ui` as a process, in a repository of a test's own, and what its instance holds."""

import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.support.command_line import CommandLine, fresh_shell
from tests.support.repositories import copy_repository
from tests.support.servers import free_port
from tests.support.waiting import wait_until

_RUNS = """
select count(*) from runs
where run_id not in (select run_id from run_tags where key = 'dagster/schedule_name')
"""
_SCHEDULES = "select selector_id, status from instigators where instigator_type = 'SCHEDULE'"
_FORGED = """
select count(*) from event_logs
where run_id = '' and dagster_event_type in ('ASSET_MATERIALIZATION', 'ASSET_OBSERVATION')
"""
_PASSED = "select count(*) from asset_check_executions where run_id = '' and execution_status = 'SUCCEEDED'"
"""That an item is red may be told beside all runs, by the interface itself; that one passed was forged here."""


@dataclass(frozen=True)
class Interface:
    """A running web interface, with its second address."""

    line: CommandLine
    process: subprocess.Popen[str]
    port: int
    reading_port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def reading(self) -> str:
        return f"http://127.0.0.1:{self.reading_port}"

    @property
    def log(self) -> Path:
        return self.line.folder / "ui.log"

    def processes(self) -> dict[str, psutil.Process]:
        """What it started, by what each is."""
        found = {}
        for each in psutil.Process(self.process.pid).children(recursive=True):
            words = " ".join(each.cmdline())
            kinds = ("dagster-daemon", "code-server", "api grpc")
            found |= {kind: each for kind in kinds if kind in words}
        return found

    def asked(self, query: str) -> Any:
        """What a page is answered that a person opened."""
        browser = requests.Session()
        opened = {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
        browser.get(self.address, headers=opened, timeout=30).raise_for_status()
        answer = browser.post(
            f"{self.address}/graphql", json={"query": query}, headers={"origin": self.address}, timeout=30
        )
        answer.raise_for_status()
        return answer.json()["data"]

    def held(self) -> dict[str, Any]:
        """What a stranger could have changed. Runs of schedules begin by the clock, and are nobody's."""
        home = self.line.folder / ".provisioning" / "dagster"
        return {
            "runs": _rows(home / "history/runs.db", _RUNS),
            "backfills": _rows(home / "history/runs.db", "select count(*) from bulk_actions"),
            "forged": _rows(home / "history/runs/index.db", _FORGED),
            "passed": _rows(home / "history/runs/index.db", _PASSED),
            "schedules": sorted(_rows(home / "schedules/schedules.db", _SCHEDULES)),
        }


def _rows(database: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()


@contextmanager
def web_interface(folder: Path, program: Sequence[str] = ()) -> Iterator[Interface]:
    """One, from when it stands; of a program that takes its ports, in place of the command."""
    copy_repository(folder)
    line = CommandLine(folder, fresh_shell())
    port, reading = free_port(), free_port()
    command = [*program, str(port), str(reading)]
    with (folder / "ui.log").open("w") as log:
        process = subprocess.Popen(
            command if program else line.command("ui", "--port", str(port), "--read-only-port", str(reading)),
            cwd=folder, env=line.environment, stdout=log, stderr=log, text=True, start_new_session=True,
        )  # fmt: skip
    made = Interface(line, process, port, reading)
    try:
        wait_until(lambda: made.reading in made.log.read_text() or process.poll() is not None, within=90)
        assert process.poll() is None, made.log.read_text()
        # The daemon writes down its schedules when it has begun.
        wait_until(lambda: len(made.held()["schedules"]) == 2, within=60)
        yield made
    finally:
        process.terminate()
        process.wait(60)
