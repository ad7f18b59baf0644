"""The report as one HTML file: nothing to load, no script, readable on a phone and on paper."""

import json
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from provisioning_assets.core.plan import Json
from provisioning_assets.report.as_markdown import short
from provisioning_assets.report.model import Report
from provisioning_assets.report.times import iso, minute, span, until

_HERE = Path(__file__).parent


def as_html(report: Report) -> str:
    """The report as an HTML document; everything that comes from the record is escaped."""
    # Ours, from this package, and free of markup: it is the one text that is not escaped.
    style = Markup((_HERE / "readiness.css").read_text(encoding="utf-8"))  # noqa: S704
    return _template().render(report=report, style=style, now=report.generated_at)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "iso": iso, "span": span, "short": short, "words": _words, "shown": _shown, "code": _code,
    }  # fmt: skip
    environment.globals |= {"until": until, "minute": minute}
    return environment.get_template("readiness.html.j2")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _code(text: str) -> Markup:
    """What stands between backticks as code; all of it escaped."""
    parts = text.split("`")
    return Markup().join(Markup("<code>{}</code>").format(p) if i % 2 else p for i, p in enumerate(parts))
