"""Dashboards as console templates: pages that Prometheus itself renders, with the values of now.

A dashboard's body is {"widgets": [{"title", "query": PromQL} or {"text"}]}.
https://prometheus.io/docs/visualization/consoles/
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from http import HTTPStatus
from pathlib import Path

from provisioning_assets.backends.monitoring.prometheus.evaluator import Evaluator
from provisioning_assets.backends.monitoring.prometheus.folder import Folder
from provisioning_assets.backends.monitoring.prometheus.server import Refusal
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.errors import ProviderFailed

_LAST_MINUTES = timedelta(minutes=15)
_STEP = "15s"
_BODY = "data-body"

_PAGE = """<!DOCTYPE html>
<html lang="en" {attribute}="{{{{ {body} }}}}">
<head><meta charset="utf-8"><title>{{{{ {name} }}}}</title></head>
<body>
<h1>{{{{ {name} }}}}</h1>
{parts}</body>
</html>
"""
_TEXT = "<p>{{{{ {text} }}}}</p>\n"
_TABLE = """<h2>{{{{ {title} }}}}</h2>
<p><code>{{{{ {query} }}}}</code></p>
<table>
{{{{ range query {query} }}}}<tr><td>{{{{ range $name, $value := .Labels }}}}{{{{ $name }}}}={{{{ $value }}}}
{{{{ end }}}}</td><td>{{{{ .Value }}}}</td></tr>
{{{{ else }}}}<tr><td>no data</td></tr>
{{{{ end }}}}</table>
"""


class Consoles:
    """`consoles/<scope>/<name>.html`, at the same place below Prometheus' address."""

    def __init__(self, evaluator: Evaluator, folder: Folder) -> None:
        self._evaluator = evaluator
        self._folder = folder

    def read(self, scope: str) -> dict[str, Attributes]:
        """Name to body, as Prometheus serves it; None where it cannot, or where the file is not as we write it."""
        found: dict[str, Attributes] = {}
        for file in self._folder.consoles(scope).glob("*.html"):
            try:
                body = self._served(scope, file.stem)
            except Refusal as refusal:
                if refusal.status == HTTPStatus.NOT_FOUND:
                    continue
                body = None
            found[file.stem] = {"body": body if _is_ours(file, body) else None}
        return found

    def put(self, scope: str, wanted: Mapping[str, Attributes]) -> None:
        """Write the pages; one that Prometheus cannot render is refused."""
        for name, attributes in wanted.items():
            page = _page(name, attributes["body"])
            with self._folder.changed(self._file(scope, name), page):
                self._require(scope, name)

    def delete(self, scope: str, names: Iterable[str]) -> None:
        """Remove the pages."""
        for name in names:
            with self._folder.changed(self._file(scope, name), None):
                pass

    def data(self, scope: str, name: str) -> dict[str, int]:
        """As `Monitoring.dashboard_data` says."""
        now = datetime.now(UTC)
        span = {"start": (now - _LAST_MINUTES).isoformat(), "end": now.isoformat(), "step": _STEP}
        counts: dict[str, int] = {}
        for title, query in _widgets(self._served(scope, name)):
            if query is not None:
                series = self._evaluator.data("query_range", query=query, **span)["result"]
                counts[title] = sum(len(each["values"]) for each in series)
        return counts

    def _served(self, scope: str, name: str) -> Json:
        """Body of the page that Prometheus shows."""
        reader = _Reader()
        reader.feed(self._evaluator.page(f"/consoles/{scope}/{name}.html"))
        return reader.body

    def _require(self, scope: str, name: str) -> None:
        try:
            self._served(scope, name)
        except Refusal as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                refusal.remedy = f"start Prometheus with --web.console.templates={self._folder.root}/consoles"
            raise

    def _file(self, scope: str, name: str) -> Path:
        return self._folder.consoles(scope) / f"{name}.html"


class _Reader(HTMLParser):
    body: Json = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        written = dict(attrs).get(_BODY)
        if tag == "html" and written:
            self.body = json.loads(written)


def _is_ours(file: Path, body: Json) -> bool:
    try:
        return file.read_text(encoding="utf-8") == _page(file.stem, body)
    except (OSError, UnicodeDecodeError, ProviderFailed):
        return False


def _page(name: str, body: Json) -> str:
    parts = [
        _TEXT.format(text=_go(title)) if query is None else _TABLE.format(title=_go(title), query=_go(query))
        for title, query in _widgets(body)
    ]
    return _PAGE.format(attribute=_BODY, body=_go(json.dumps(body)), name=_go(name), parts="".join(parts))


def _widgets(body: Json) -> list[tuple[str, str | None]]:
    """Title and query of each part; a text, and None."""
    found: list[tuple[str, str | None]] = []
    try:
        for number, widget in enumerate(body["widgets"], start=1):
            if "text" in widget:
                found.append((str(widget["text"]), None))
                continue
            title = str(widget.get("title") or f"widget {number}")
            title = f"{title} ({number})" if title in dict(found) else title
            found.append((title, str(widget["query"])))
    except (KeyError, TypeError, AttributeError):
        raise ProviderFailed(
            "a dashboard of Prometheus cannot be read",
            where=f"widget {len(found) + 1}",
            remedy='write {"widgets": [{"title": …, "query": PromQL}]}, or {"text": …} for a widget',
        ) from None
    return found


def _go(text: str) -> str:
    """A string of Go's templates; it knows no halves of characters."""
    return json.dumps(text, ensure_ascii=False)
