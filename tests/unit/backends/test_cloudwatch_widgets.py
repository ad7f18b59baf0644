"""What a dashboard's widgets ask."""

from provisioning_assets.backends.monitoring.cloudwatch.widgets import Widget, widgets
from provisioning_assets.core.plan import Json


def only(kind: str = "metric", **properties: Json) -> Widget:
    return next(widgets({"widgets": [{"type": kind, "properties": properties}]}))


def dimensions(query: Json) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in query["MetricStat"]["Metric"]["Dimensions"]}


def test_rows_may_abbreviate_what_the_row_before_them_says() -> None:
    rows = [["shop", "Healthy", "Probe", "web"], ["...", "api"], [".", "Latency", ".", ".", {"stat": "p99"}]]
    first, second, third = only(metrics=rows, stat="Minimum", period=60).metrics
    assert [dimensions(query)["Probe"] for query in (first, second, third)] == ["web", "api", "api"]
    assert third["MetricStat"]["Metric"]["MetricName"] == "Latency"
    assert [query["MetricStat"]["Stat"] for query in (first, third)] == ["Minimum", "p99"]
    assert first["MetricStat"]["Period"] == 60
    assert first["Label"] == "Healthy Probe web"


def test_an_expression_keeps_its_inputs_hidden() -> None:
    rows = [["shop", "Healthy", {"id": "m1", "visible": False}], [{"expression": "m1*100", "label": "share"}]]
    hidden, shown = only(metrics=rows).metrics
    assert (hidden["Id"], hidden["ReturnData"]) == ("m1", False)
    assert (shown["Expression"], shown["Label"], shown["ReturnData"]) == ("m1*100", "share", True)


def test_a_log_widget_names_its_groups_in_its_query() -> None:
    widget = only("log", query="SOURCE '/a/b' | SOURCE '/c' | fields @message | limit 20")
    assert widget.log_groups == ("/a/b", "/c")
    assert widget.query == "fields @message | limit 20"


def test_text_shows_no_data_and_what_cannot_be_read_asks_nothing() -> None:
    body = {"widgets": [{"type": "text"}, {"type": "explorer", "properties": {"title": "all"}}, {"type": "metric"}]}
    assert [(widget.title, widget.metrics) for widget in widgets(body)] == [("all", ()), ("widget 3", ())]


def test_equal_titles_stay_apart() -> None:
    body = {"widgets": [{"type": "metric", "properties": {"title": "health"}}] * 2}
    assert [widget.title for widget in widgets(body)] == ["health", "health (2)"]
