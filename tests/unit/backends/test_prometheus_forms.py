"""What the files and APIs of Prometheus and Alertmanager say, read and written without them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioning_assets.backends.monitoring import UNHEALTHY
from provisioning_assets.backends.monitoring.prometheus.condition import expression, understood
from provisioning_assets.backends.monitoring.prometheus.delivery_probe import Kept
from provisioning_assets.backends.monitoring.prometheus.evaluator import seconds
from provisioning_assets.backends.monitoring.prometheus.folder import Edited
from provisioning_assets.backends.monitoring.prometheus.routing import Matcher, Routing
from provisioning_assets.backends.monitoring.prometheus.silences import RENEWED, Silence, covering, doubts, exact
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProviderFailed
from tests.support.back_ends import opened
from tests.support.prometheus import prometheus_access

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NAMED = {"alertname": "down", "route": "pager", "scope": "shop-staging"}
ALERT = {**NAMED, "probe": "shop"}


def silence(ends_in: timedelta = 2 * RENEWED, **labels: str) -> Silence:
    return Silence("1", Matcher.exactly(labels), NOW + ends_in, "kim", "too loud")


@pytest.mark.parametrize("period", [10, 30, 60, 90])
def test_our_condition_is_understood_however_prometheus_writes_it(period: int) -> None:
    written = expression("shop-staging", "shop", period)
    as_shown = written.replace(f"[{period}s]", "[1m30s]" if period == 90 else f"[{period}s]").replace("[60s]", "[1m]")
    for form in (written, as_shown, as_shown.replace("by (scope, probe)", "by(scope,probe)"), f"({as_shown})"):
        assert understood(form, "shop-staging") == ("shop", period, UNHEALTHY)


@pytest.mark.parametrize(
    "query",
    [
        expression("shop-staging", "shop", 10).replace("< 1", "< 0.5"),
        expression("shop-staging", "shop", 10).replace("min_over_time", "max_over_time"),
        expression("shop-staging", "shop", 10).replace(" > time()", ""),
        expression("shop", "shop", 10),
        'up{probe="shop"}[soon]',
        "vector(1)",
    ],
)
def test_another_condition_is_told_in_its_own_words(query: str) -> None:
    assert understood(query, "shop-staging") == (None, None, query)


@pytest.mark.parametrize(("written", "found"), [("15s", 15), ("1m", 60), ("1m30s", 90), ("250ms", 0.25), ("1h", 3600)])
def test_durations_are_seconds(written: str, found: float) -> None:
    assert seconds(written) == found


@pytest.mark.parametrize("written", ["x", "1", "s", "1q"])
def test_what_is_no_duration_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=written):
        seconds(written)


@pytest.mark.parametrize("written", ['a="b\\"c"', 'a!="x, y"', "a=~b.*", 'a !~ "c|d"', 'a="ü"'])
def test_a_matcher_is_written_as_it_was_read(written: str) -> None:
    matcher = Matcher.read(written)
    assert Matcher.read(str(matcher)) == matcher


@pytest.mark.parametrize("written", ["a", "=b", "a b"])
def test_what_is_no_matcher_is_refused(written: str) -> None:
    with pytest.raises(ProviderFailed):
        Matcher.read(written)


def test_a_regular_expression_that_only_go_knows_cannot_be_judged() -> None:
    with pytest.raises(ProviderFailed):
        Matcher.read('a=~"\\\\pL+"').matches({"a": "x"})


def test_a_silence_covers_what_it_names_and_what_it_does_not_contradict() -> None:
    wide, own, part, others = silence(scope="shop-staging"), silence(**NAMED), silence(**ALERT), silence(scope="shop")
    assert covering([wide, own, part, others], ALERT) == [wide, own, part]
    assert exact([wide, own, part, others], NAMED) == own


def test_a_mute_is_in_doubt_unless_it_is_our_own_and_lasts() -> None:
    lasting, ending = silence(**NAMED), silence(RENEWED - timedelta(minutes=1), **NAMED)
    assert doubts([], NAMED, NOW) == []
    assert doubts([lasting], NAMED, NOW) == []
    assert doubts([ending, lasting, silence(scope="shop-staging")], NAMED, NOW) == []
    assert len(doubts([ending], NAMED, NOW)) == 1
    assert len(doubts([silence(scope="shop-staging")], NAMED, NOW)) == 1


def test_a_receiver_without_anybody_notifies_nobody() -> None:
    receivers = [{"name": "a"}, {"name": "b", "webhook_configs": []}, {"name": "c", "email_configs": [{"to": "x"}]}]
    routing = Routing({"route": {"receiver": "a"}, "receivers": receivers})
    assert [routing.notifies(name) for name in "abcd"] == [False, False, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "a:\n- b: 1 # c\n- 'd'\n",
        'a:\n  - b: "1" # c\n  - d: {e: f}\n',
        "# x\n\na: &y\n  b: [1, 2]\nc: *y\n",
    ],
)
def test_a_file_that_is_not_changed_stays_as_it_is(text: str) -> None:
    assert Edited(text, "x.yml").text == text


def test_the_delivery_probe_forgets_only_what_was_read_and_only_there() -> None:
    kept = Kept()
    for place in ("/s/pager", "/s/quiet", "/s/pager", "/s/pager"):
        kept.add(place, "x")
    first, second, _ = (each["number"] for each in kept.show("/s/pager")["got"])
    kept.forget("/s/pager", second)
    assert len(kept.show("/s/pager")["got"]) == 1
    assert len(kept.show("/s/quiet")["got"]) == 1
    assert kept.show("/other") == {"started": kept.started, "got": []}
    assert first < second
    assert Kept().started != kept.started


def test_an_address_that_alertmanager_hides_is_the_files(tmp_path: Path) -> None:
    access = prometheus_access(delivery_probe="http://127.0.0.1:1")
    (tmp_path / "alertmanager.yml").write_text(
        "receivers: [{name: shop-pager-delivery-probe, webhook_configs: [{url: 'http://127.0.0.1:1/shop/pager'}]}]"
    )
    routes = opened(Kind.MONITORING, "prometheus", access, folder=str(tmp_path))._routes
    hidden = {"url": "<secret>", "send_resolved": True}
    for name, found in (("shop-pager-delivery-probe", "http://127.0.0.1:1/shop/pager"), ("x", "<secret>")):
        live = Routing({"route": {}, "receivers": [{"name": name, "webhook_configs": [hidden]}]})
        assert [each.get("url") for each in routes._webhooks(live, name)] == [found]
