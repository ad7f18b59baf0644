"""Alertmanager when somebody changes its routes, receivers and silences behind our back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from provisioning_assets.backends.monitoring import Monitoring
from provisioning_assets.core.plan import Attributes, diff
from provisioning_assets.errors import ApplyFailed, ProviderFailed
from provisioning_assets.probes.alert_routing import prove_control, prove_quiet
from tests.support import by_hand
from tests.support.by_hand import PAGER, QUIET, SCOPE
from tests.support.monitored import RULE, bring_about, drift
from tests.support.prometheus import Monitors
from tests.support.waiting import wait_until

pytestmark = pytest.mark.second


def ends_soon(servers: Monitors) -> None:
    by_hand.end_silences(servers)
    by_hand.silence(servers, PAGER, days=20)


ASTRAY = f"update rule {RULE} (otherwise, routes)"

FLIPPED: dict[str, tuple[Callable[[Monitors], object], str]] = {
    "silence by hand": (lambda s: by_hand.silence(s, QUIET), f"update rule {RULE} (routes)"),
    "silence by hand of part of it": (
        lambda s: by_hand.silence(s, {**QUIET, "probe": "shop"}),
        f"update rule {RULE} (otherwise, routes)",
    ),
    "silence ended": (by_hand.end_silences, f"update rule {RULE} (routes)"),
    "silence that ends soon": (ends_soon, f"update rule {RULE} (otherwise)"),
    "address of the delivery probe": (
        lambda s: by_hand.delivery_probe(s, "pager", url="http://127.0.0.1:1/"),
        "update route pager (observed, otherwise)",
    ),
    "delivery probe gets no end": (
        lambda s: by_hand.delivery_probe(s, "quiet", send_resolved=False),
        "update route quiet (observed, otherwise)",
    ),
    "route of the delivery probe": (
        lambda s: by_hand.alertmanager(s, lambda config: config["route"]["routes"].pop(0)),
        "update route quiet (observed, otherwise)",
    ),
    "delivery probe keeps it to itself": (
        lambda s: by_hand.alertmanager(s, lambda config: config["route"]["routes"][0].update({"continue": False})),
        f"update route quiet (delivers, otherwise); update rule {RULE} (otherwise, routes)",
    ),
    "interval": (
        lambda s: by_hand.alertmanager(s, lambda config: config["route"]["routes"][1].update(group_wait="10h")),
        "update route quiet (otherwise)",
    ),
    "somebody else is told, too": (
        lambda s: by_hand.first_route(s, "nobody", f"scope={SCOPE}", goes_on=True),
        "update route pager (otherwise); update route quiet (otherwise)",
    ),
    "alerts are taken away by name": (
        lambda s: by_hand.first_route(s, "nobody", f"alertname=~{RULE[:4]}.*", goes_on=False),
        "; ".join([*(f"update route {r} (delivers, observed, otherwise)" for r in ("pager", "quiet")), ASTRAY]),
    ),
    "quiet calls the pager, too": (
        lambda s: by_hand.first_route(s, "people-pager", "route=quiet", goes_on=True),
        f"update route quiet (otherwise); update rule {RULE} (otherwise, routes)",
    ),
}


@pytest.mark.parametrize("name", FLIPPED)
def test_what_is_changed_behind_our_back_is_seen_and_mended(
    prometheus: Monitors, live: Monitoring, desired: dict[str, Attributes], name: str
) -> None:
    flip, seen = FLIPPED[name]
    flip(prometheus)
    assert "; ".join(drift(live, SCOPE, desired)) == seen
    bring_about(live, SCOPE, desired)
    assert drift(live, SCOPE, desired) == []


def test_a_pager_that_the_quiet_rule_calls_reads_as_unmuted(prometheus: Monitors, live: Monitoring) -> None:
    FLIPPED["quiet calls the pager, too"][0](prometheus)
    assert live.read(SCOPE)[f"rule {RULE}"]["routes"]["pager"] == {"muted": False}


def test_a_silence_of_more_than_our_rule_is_its_authors_to_end(
    prometheus: Monitors, live: Monitoring, desired: dict[str, Attributes]
) -> None:
    silence = by_hand.silence(prometheus, {"scope": SCOPE})
    assert drift(live, SCOPE, desired) == [f"update rule {RULE} (otherwise, routes)"]
    with pytest.raises(ApplyFailed) as failed:
        bring_about(live, SCOPE, desired)
    assert silence in failed.value.where
    with pytest.raises(ProviderFailed):
        live.mute(SCOPE, RULE, "pager", muted=False)
    assert prometheus.api("alertmanager", f"/api/v2/silence/{silence}")["status"]["state"] == "active"
    assert live.read(SCOPE)[f"rule {RULE}"]["routes"]["pager"] == {"muted": True}
    prometheus.api("alertmanager", f"/api/v2/silence/{silence}", "DELETE")
    assert drift(live, SCOPE, desired) == []


def test_a_receiver_that_notifies_nobody_is_the_teams_to_mend(
    prometheus: Monitors, live: Monitoring, desired: dict[str, Attributes]
) -> None:
    held: list[Any] = []
    by_hand.alertmanager(
        prometheus, lambda config: held.append(by_hand.receiver(config, "people-pager").pop("webhook_configs"))
    )
    assert drift(live, SCOPE, desired) == ["update route pager (delivers, otherwise)"]
    by_hand.alertmanager(
        prometheus, lambda config: by_hand.receiver(config, "people-pager").update(webhook_configs=held[0])
    )
    assert drift(live, SCOPE, desired) == []


def test_the_teams_file_keeps_its_words_its_form_and_its_mode(
    prometheus: Monitors, live: Monitoring, desired: dict[str, Attributes]
) -> None:
    file = prometheus.folder / "alertmanager.yml"
    bring_about(live, SCOPE, {})
    file.chmod(0o640)
    text = file.read_text()
    bring_about(live, SCOPE, {address: each for address, each in desired.items() if address.startswith("route")})
    assert set(text.splitlines()) <= set(file.read_text().splitlines())
    assert file.stat().st_mode & 0o777 == 0o640
    bring_about(live, SCOPE, {})
    assert file.read_text() == text


def test_a_pager_is_proven_again_while_alertmanager_remembers_the_last_time(
    prometheus: Monitors, live: Monitoring, desired: dict[str, Attributes]
) -> None:
    first = prove_control(live, SCOPE, RULE)
    quiet = prove_quiet(live, SCOPE, RULE, first)
    second = prove_control(live, SCOPE, RULE)
    assert (first.proven, quiet.proven, second.proven) == (True, True, True), (first, quiet, second)
    assert [delivery.rule for delivery in quiet.quiet] == [RULE]
    assert not quiet.pager
    assert drift(live, SCOPE, desired) == []
    called = prometheus.api("delivery_probe", "/people/pager")["got"]
    assert len(called) >= 2, "the pager's own receiver got what its delivery probe got"


def test_a_breach_that_nobody_took_back_ends_by_itself(prometheus: Monitors, live: Monitoring) -> None:
    wait_until(lambda: live.firing(SCOPE)[RULE] == {"pager": "ok", "quiet": "ok"})
    live.breach(SCOPE, RULE)
    wait_until(lambda: live.firing(SCOPE)[RULE] == {"pager": "firing", "quiet": "firing"})
    wait_until(lambda: prometheus.opened().firing(SCOPE)[RULE] == {"pager": "ok", "quiet": "ok"})


def test_a_foreign_message_on_a_route_is_a_delivery_of_no_rule(prometheus: Monitors, live: Monitoring) -> None:
    while live.deliveries(SCOPE, "pager"):
        pass
    ours = {"status": "firing", "labels": QUIET}
    messages = ["hello", '{"alerts": []}', {"alerts": [ours]}, {"alerts": [{**ours, "labels": {"alertname": "x"}}]}]
    for message in messages:
        sent = {"data": message} if isinstance(message, str) else {"json": message}
        requests.post(f"{prometheus.address('delivery_probe')}/{SCOPE}/pager", timeout=5, **sent)
    found = live.deliveries(SCOPE, "pager")
    assert sorted(each.state for each in found) == ["firing", "firing", "unknown", "unknown"]
    assert RULE not in {each.rule for each in found}
    assert not live.deliveries(SCOPE, "pager")


def test_a_silence_is_renewed_by_an_apply_and_lasts(
    prometheus: Monitors, live: Monitoring, desired: dict[str, Attributes]
) -> None:
    ends_soon(prometheus)
    plan = diff(desired, live.read(SCOPE))
    assert plan.changes[0].told != str(plan.changes[0])
    bring_about(live, SCOPE, desired)
    ends = [
        datetime.fromisoformat(each["endsAt"])
        for each in prometheus.api("alertmanager", "/api/v2/silences")
        if each["status"]["state"] == "active"
    ]
    assert len(ends) == 1
    assert ends[0] > datetime.now(UTC) + timedelta(days=50)
