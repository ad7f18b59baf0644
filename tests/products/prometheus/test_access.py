"""How Prometheus and Alertmanager are reached: addresses, log-ins, the folder; and who else may answer there."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.monitoring import Monitoring
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Attributes
from provisioning_assets.errors import ApplyFailed, Misdirected, ProviderFailed
from provisioning_assets.sandbox import debian
from tests.support.back_ends import opened
from tests.support.by_hand import SCOPE
from tests.support.http_servers import answering_always
from tests.support.monitored import RULE, bring_about, drift
from tests.support.prometheus import Monitors, prometheus_access
from tests.support.servers import free_port, wait_for

pytestmark = pytest.mark.second

OTHER = "other-staging"
BCRYPT_OF_TEST = "$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay"
"""Of the password `test`, from Prometheus' own guide to basic authentication."""


ASKED: tuple[Callable[[Monitoring], object], ...] = (
    lambda monitoring: monitoring.read(SCOPE),
    lambda monitoring: monitoring.identity(),
    lambda monitoring: monitoring.firing(SCOPE),
)


@pytest.mark.parametrize(("pager", "quiet"), [("people-page", "people-quiet"), ("people-pager", "people-pager")])
def test_receivers_that_are_not_there_or_one_are_refused(
    prometheus: Monitors, desired: dict[str, Attributes], pager: str, quiet: str
) -> None:
    monitoring: Monitoring = prometheus.opened({"pager": pager, "quiet": quiet})
    with pytest.raises(ApplyFailed) as failed:
        bring_about(monitoring, OTHER, desired)
    assert pager in failed.value.what
    assert "`pager`" in failed.value.remedy
    assert monitoring.read(OTHER) == {}


def test_a_folder_that_is_not_there_is_named(prometheus: Monitors, tmp_path: Path) -> None:
    with pytest.raises(ProviderFailed) as failed:
        prometheus.opened({"folder": str(tmp_path / "none")}).read(SCOPE)
    assert failed.value.where == str(tmp_path / "none")
    assert "`folder`" in failed.value.remedy


def test_a_folder_that_the_servers_do_not_read_is_told(
    prometheus: Monitors, tmp_path: Path, desired: dict[str, Attributes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning_assets.backends.monitoring.prometheus.platform._SHOWN_WITHIN", 2)
    (tmp_path / "alertmanager.yml").write_text((prometheus.folder / "alertmanager.yml").read_text())
    monitoring: Monitoring = prometheus.opened({"folder": str(tmp_path)})
    for address in ("route pager", "probe shop", "dashboard launch"):
        with pytest.raises(ApplyFailed) as failed:
            bring_about(monitoring, OTHER, {address: desired[address]})
        assert str(tmp_path) in failed.value.where + failed.value.remedy


def test_a_prometheus_without_reloads_says_how_to_get_them(
    prometheus: Monitors, desired: dict[str, Attributes]
) -> None:
    arguments = ("--config.file=prometheus.yml", "--storage.tsdb.path=other")
    with other("prometheus", prometheus, *arguments) as address, pytest.raises(ApplyFailed) as failed:
        bring_about(prometheus.opened(PROMETHEUS_URL=address), OTHER, {f"rule {RULE}": desired[f"rule {RULE}"]})
    assert "--web.enable-lifecycle" in failed.value.remedy
    assert not (prometheus.folder / f"rules/{OTHER}.yml").exists()


def test_a_server_that_asks_for_a_password_gets_it_and_nobody_else(prometheus: Monitors) -> None:
    (prometheus.folder / "web.yml").write_text(f"basic_auth_users: {{us: {BCRYPT_OF_TEST}}}")
    with other("prometheus-pushgateway", prometheus, "--web.config.file=web.yml") as address:
        login = {"PUSHGATEWAY_URL": address, "PUSHGATEWAY_USERNAME": "us", "PUSHGATEWAY_PASSWORD": "test"}
        prometheus.opened(**login).reach()
        for wrong in ({"PUSHGATEWAY_PASSWORD": "hunter2"}, {"PUSHGATEWAY_USERNAME": ""}):
            with pytest.raises(ProviderFailed) as failed:
                prometheus.opened(**login | wrong).reach()
            assert "PUSHGATEWAY_PASSWORD" in failed.value.remedy
            assert "hunter2" not in f"{failed.value}{failed.value.__context__!r}"


@pytest.mark.parametrize(
    ("status", "document", "headers"),
    [
        (200, "<html>", {"Content_Type": "text/html"}),
        (200, '{"status": "error"}', {}),
        (200, "[]", {}),
        (302, "", {"Location": "http://127.0.0.1:1/"}),
        (500, "oops", {}),
    ],
)
def test_a_stranger_at_an_address_is_no_prometheus(
    prometheus: Monitors, status: int, document: str, headers: dict[str, str]
) -> None:
    with answering_always(status, document, **headers) as address:
        monitoring: Monitoring = prometheus.opened(PROMETHEUS_URL=address)
        for ask in ASKED:
            with pytest.raises(ProviderFailed) as failed:
                ask(monitoring)
            assert failed.value.where == address
            assert "PROMETHEUS_URL" in failed.value.remedy


def test_a_stranger_is_no_delivery_probe(prometheus: Monitors, desired: dict[str, Attributes]) -> None:
    bring_about(prometheus.opened(), SCOPE, desired)
    with answering_always(200, '{"got": 5, "started": 1}') as address:
        monitoring: Monitoring = prometheus.opened(DELIVERY_PROBE_URL=address)
        with pytest.raises(ProviderFailed) as failed:
            monitoring.deliveries(SCOPE, "pager")
        assert "DELIVERY_PROBE_URL" in failed.value.remedy
        assert "update route pager (observed, otherwise)" in drift(monitoring, SCOPE, desired)


def test_a_declared_address_must_be_the_profiles(prometheus: Monitors) -> None:
    for key in ("address", "alertmanager", "pushgateway", "delivery_probe"):
        with pytest.raises(Misdirected) as refused:
            prometheus.opened({key: "http://127.0.0.1:9"}).reach()
        assert f"{key.upper()}_URL".replace("ADDRESS", "PROMETHEUS") in refused.value.remedy


def test_without_an_address_the_variable_is_named() -> None:
    monitoring = opened(Kind.MONITORING, "prometheus", Access("the test's own", {}))
    with pytest.raises(ProviderFailed) as failed:
        monitoring.reach()
    assert "PROMETHEUS_URL" in failed.value.remedy
    with pytest.raises(Misdirected):
        opened(Kind.MONITORING, "prometheus", prometheus_access(prometheus="http://monitoring.example")).reach()


@contextmanager
def other(program: str, servers: Monitors, *arguments: str) -> Iterator[str]:
    """Another server of Debian's in the same folder; its address."""
    port = free_port()
    command = [str(debian.folder("prometheus") / "usr/bin" / program), f"--web.listen-address=127.0.0.1:{port}"]
    process = subprocess.Popen([*command, *arguments], cwd=servers.folder, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
