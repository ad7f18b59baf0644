"""Dashboards: files of JSON that can be read, and that name no other environment."""

import json
from collections.abc import Iterator

from provisioning_assets.core.plan import digest
from provisioning_assets.engagement.document import real, shown
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.places import Found, Place, Wrong
from provisioning_assets.engagement.validation.differences import anothers, unknown
from provisioning_assets.errors import Problem


def dashboard_problems(engagement: Engagement) -> Iterator[Found]:
    """What is wrong with the dashboards of each environment: said where one is named, or at its own lines."""
    for environment in engagement.environments:
        for position, dashboard in enumerate(environment.monitoring.dashboards):
            place = ("monitoring", "dashboards", position, "file")
            yield from _dashboard(place, engagement, environment, dashboard.file)


def _dashboard(place: Place, engagement: Engagement, environment: Environment, name: str) -> Iterator[Found]:
    file = real(engagement.folder / name)
    if not file.is_relative_to(engagement.folder):
        yield Wrong(place, f"{name} lies outside the engagement's folder")
        return
    told = shown(file, engagement.repository)
    if file.exists() and not file.is_file():
        yield Wrong(place, f"{name} is no regular file", "a file in the engagement's folder")
        return
    try:
        text = file.read_text(encoding="utf-8")
        body = json.loads(text)
        digest(body)  # which numbers that JSON has no canonical form for do not have
    except OSError as error:
        yield Wrong(place, f"{name} cannot be read: {error.strerror}", "a file in the engagement's folder")
        return
    except json.JSONDecodeError as error:
        yield Problem(told, error.lineno, error.colno, f"not JSON: {error.msg}")
        return
    except (ValueError, RecursionError) as error:
        yield Problem(told, 0, 0, f"not JSON: {error}")
        return
    if not isinstance(body, dict) or not body.get("widgets"):
        yield Problem(told, 1, 1, "the dashboard has no widgets", "a list under `widgets`")
    for number, line in enumerate(text.splitlines(), 1):
        for wrong in unknown((), line, engagement.differences):
            yield Problem(told, number, line.find("${") + 1, wrong.what, wrong.wanted)
        if held := anothers(line, engagement, environment):
            yield Problem(told, number, 1, f"the dashboard {held}", f"{environment.name}'s own")
