"""Prometheus and Alertmanager in trouble: hanging, away, started otherwise, refusing what they are to load."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provisioning_assets.backends.monitoring import Monitoring
from provisioning_assets.core.plan import Action, Attributes, Change
from provisioning_assets.errors import ApplyFailed, ProviderFailed, ProvisioningError, Unreachable
from provisioning_assets.probes.alert_routing import prove_quiet
from provisioning_assets.probes.routing_proofs import Control
from tests.support import by_hand
from tests.support.by_hand import SCOPE
from tests.support.monitored import ROUTED, RULE, bring_about, drift, rule
from tests.support.prometheus import Monitors
from tests.support.waiting import wait_until

pytestmark = pytest.mark.second

ROUTE_AGAIN = Change(Action.UPDATE, "route pager", {}, ROUTED["route pager"])
SERVERS = ("prometheus", "alertmanager", "pushgateway", "delivery_probe")
"""Of the password `test`, from Prometheus' own guide to basic authentication."""


def files(folder: Path) -> dict[str, str]:
    """What is in the servers' folder that they load."""
    found = [
        folder / "alertmanager.yml",
        *folder.glob("rules/*"),
        *folder.glob("targets/*"),
        *folder.glob("consoles/*/*"),
    ]
    return {str(file): file.read_text() for file in found}


@pytest.mark.parametrize("server", SERVERS)
def test_a_sign_of_life_is_missed_within_five_seconds(prometheus: Monitors, server: str) -> None:
    monitoring: Monitoring = prometheus.opened()
    monitoring.reach()
    with prometheus.hanging(server):
        began = time.monotonic()
        with pytest.raises(Unreachable) as missed:
            monitoring.reach()
        assert time.monotonic() - began < 5
    assert missed.value.address == prometheus.address(server)
    assert f"{server.upper()}_URL" in missed.value.remedy
    monitoring.reach()


ASKED: dict[str, Callable[[Monitoring], object]] = {
    "read": lambda monitoring: monitoring.read(SCOPE),
    "mute": lambda monitoring: monitoring.mute(SCOPE, RULE, "pager", muted=True),
    "deliveries": lambda monitoring: monitoring.deliveries(SCOPE, "pager"),
    "identity": lambda monitoring: monitoring.identity(),
}


@pytest.mark.parametrize("verb", ASKED)
def test_while_alertmanager_hangs_nobody_can_tell_and_that_soon(
    prometheus: Monitors, live: Monitoring, verb: str
) -> None:
    with prometheus.hanging("alertmanager"):
        began = time.monotonic()
        with pytest.raises(Unreachable):
            ASKED[verb](live)
        assert time.monotonic() - began < 5
    assert live.read(SCOPE)[f"rule {RULE}"]["routes"]["pager"] == {"muted": True}


def test_an_alertmanager_that_hangs_in_a_proof_is_no_silence(prometheus: Monitors, live: Monitoring) -> None:
    proven = Control(RULE, str(live.identity()["alarm evaluator"]), "", delay_seconds=1.0)
    with ThreadPoolExecutor(1) as pool:
        proof = pool.submit(prove_quiet, live, SCOPE, RULE, proven)
        time.sleep(2)
        with prometheus.hanging("alertmanager"), pytest.raises(Unreachable):
            proof.result(timeout=60)


def test_an_apply_while_alertmanager_hangs_leaves_the_files_alone(
    prometheus: Monitors, live: Monitoring, desired: dict[str, Attributes]
) -> None:
    before, changes = files(prometheus.folder), {f"rule {RULE}": rule(periods=2)}
    with prometheus.hanging("alertmanager"), pytest.raises(ProvisioningError):
        bring_about(live, SCOPE, {**desired, **changes})
    assert files(prometheus.folder) == before
    assert drift(live, SCOPE, desired) == []


def test_an_unread_rule_of_somebody_else_stops_ours_and_nothing_is_left(
    prometheus: Monitors, live: Monitoring, desired: dict[str, Attributes]
) -> None:
    theirs = prometheus.folder / "rules/theirs.yml"
    theirs.write_text("groups: [\n")
    before = files(prometheus.folder)
    with pytest.raises(ApplyFailed) as failed:
        bring_about(live, SCOPE, {**desired, f"rule {RULE}": rule(periods=2)})
    assert RULE in failed.value.what
    assert "applying the new configuration" in failed.value.cause, "Prometheus' own words"
    assert theirs.name in failed.value.remedy
    assert files(prometheus.folder) == before
    theirs.unlink()
    wait_until(lambda: drift(live, SCOPE, desired) == [])  # also a reload that is refused makes Prometheus deaf


def test_what_alertmanager_refuses_is_told_in_its_words_and_nothing_is_left(
    prometheus: Monitors, live: Monitoring, desired: dict[str, Attributes]
) -> None:
    file = prometheus.folder / "alertmanager.yml"
    good = file.read_text()
    by_hand.edit(file, lambda config: config["route"].update(group_wait="soon"))
    bad = file.read_text()
    with pytest.raises(ApplyFailed) as failed:
        live.write(SCOPE, [ROUTE_AGAIN])
    assert "not a valid duration" in failed.value.cause
    assert file.read_text() == bad, "theirs to mend"
    file.write_text(good)
    assert drift(live, SCOPE, desired) == []


@pytest.mark.parametrize("text", ["route: [", "[]", "receivers: []", None, "\x00"])
def test_a_file_that_is_no_configuration_is_named(prometheus: Monitors, live: Monitoring, text: str | None) -> None:
    file = prometheus.folder / "alertmanager.yml"
    good = file.read_text()
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    with pytest.raises(ApplyFailed) as failed:
        live.write(SCOPE, [ROUTE_AGAIN])
    assert str(file) in failed.value.where
    assert failed.value.remedy
    file.write_text(good)


def test_a_delivery_probe_that_was_started_anew_has_lost_what_it_had(prometheus: Monitors, live: Monitoring) -> None:
    live.deliveries(SCOPE, "pager")
    prometheus.end("delivery_probe")
    with pytest.raises(Unreachable):
        live.deliveries(SCOPE, "pager")
    prometheus.start("delivery_probe")
    with pytest.raises(ProviderFailed):
        live.deliveries(SCOPE, "pager")
    assert live.deliveries(SCOPE, "pager") == []


def test_two_environments_write_at_once_and_both_are_in(prometheus: Monitors, desired: dict[str, Attributes]) -> None:
    scopes = ["at-once-staging", "at-once-production"]
    wanted = {address: each for address, each in desired.items() if not address.startswith("probe")}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda scope: bring_about(prometheus.opened(), scope, wanted), scopes))
    assert [drift(prometheus.opened(), scope, wanted) for scope in scopes] == [[], []]
