"""Rules across the keys of an engagement file: each yields the problems that it finds, with their place."""

import difflib
import graphlib
import ipaddress
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from provisioning_assets.errors import Problem
from provisioning_assets.spec.config_files import problems_of_config
from provisioning_assets.spec.document import Document
from provisioning_assets.spec.engagement import Engagement, EngagementFile, Environment
from provisioning_assets.spec.placeholders import names
from provisioning_assets.spec.sections import Record, Stage

Problems = Iterator[Problem]
BUILT_IN = ("engagement", "environment", "region")
AFTER = {
    "environment": (),
    "secrets": ("environment",),
    "dns_records": ("environment",),
    "certificates": ("dns_records", "secrets"),
    "runtime_config": ("secrets", "certificates"),
    "monitoring": ("runtime_config",),
}
"""What each task class stands on."""

_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[ps]_\w{30,}|\bsk_live_\w{10,}|\bxox[bp]-\w{10,}"
)
_ADDRESS = {"A": ipaddress.IPv4Address, "AAAA": ipaddress.IPv6Address}
_SECRET_KEYS = {"value", "password", "token", "private_key"}


def before_filling(document: Document, written: EngagementFile, folder: Path) -> Problems:
    """Rules that need no values."""
    yield from _order_of_environments(document, written)
    yield from _dates(document, written)
    yield from _differences(document, written)
    yield from _secret_values(document)
    yield from _stages(document, written)
    yield from _references(document, written)
    yield from _files(document, written, folder)


def after_filling(document: Document, engagement: Engagement) -> Problems:
    """Rules about what an environment really gets."""
    for environment in engagement.environments:
        yield from _records(document, environment)
        yield from _names_in_zone(document, environment)
    yield from problems_of_config(document, engagement)


def _order_of_environments(document: Document, written: EngagementFile) -> Problems:
    found = [environment.name for environment in written.environments]
    if found[0] == "production":
        what = "production has no environment before it: nothing was tried before it is"
        yield document.problem(("environments", 0), what, "a staging environment first")
    for key, values in (("name", found), ("state", [environment.state.bucket for environment in written.environments])):
        for position, value in enumerate(values):
            if value in values[:position]:
                yield document.problem(("environments", position, key), f"`{value}` is used by two environments")


def _dates(document: Document, written: EngagementFile) -> Problems:
    window, freeze = written.launch.window, written.launch.freeze
    if window.closes <= window.opens:
        yield document.problem(("launch", "window", "closes"), "the launch window closes before it opens")
    if freeze > window.opens:
        yield document.problem(("launch", "freeze"), "the freeze begins after the launch window opens")


def _differences(document: Document, written: EngagementFile) -> Problems:
    environments = [environment.name for environment in written.environments]
    used: set[str] = set()
    for section in ("stages", "dns", "certificates", "secrets", "runtime_config", "monitoring"):
        for path, text in _texts(document.content[section], (section,)):
            used |= names(text)
            for name in sorted(names(text) - written.differences.keys() - set(BUILT_IN)):
                known = [*written.differences, *BUILT_IN]
                near = difflib.get_close_matches(name, known, n=1)
                yield document.problem(
                    path, f"`${{{name}}}` is not declared", f"`${{{near[0]}}}`" if near else "a name of `differences`"
                )
    used |= {name for file in _text_files(document, written) for name in names(file)}
    for name, difference in written.differences.items():
        path = ("differences", name)
        for environment in environments:
            if environment not in difference.values:
                yield document.problem((*path, "values"), f"`{name}` has no value for {environment}")
        for environment in difference.values:
            if environment not in environments:
                yield document.problem(
                    (*path, "values", environment), f"there is no environment {environment}", " or ".join(environments)
                )
        if name not in used:
            yield document.problem(path, f"the difference `{name}` is used nowhere")


def _text_files(document: Document, written: EngagementFile) -> Iterator[str]:
    folder = document.file.parent
    listed = [*written.runtime_config.files, *(dashboard.file for dashboard in written.monitoring.dashboards)]
    for name in listed:
        for environment in written.environments:
            file = folder / name.replace("${environment}", environment.name)
            if file.is_file():
                yield file.read_text(encoding="utf-8", errors="replace")


def _secret_values(document: Document) -> Problems:
    for path, text in _texts(document.content, ()):
        inside_dns = path[:1] == ("dns",)
        if _SECRET.search(text) or (not inside_dns and path[-1] in _SECRET_KEYS):
            yield document.problem(
                path, f"`{path[-1]}` looks like a secret value", "the name of a secret and its source; never its value"
            )


def _texts(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, (*path, key))
    elif isinstance(value, list):
        for position, each in enumerate(value):
            yield from _texts(each, (*path, position))


def _stages(document: Document, written: EngagementFile) -> Problems:
    stages = {stage.name: position for position, stage in enumerate(written.stages)}
    for name, count in Counter(stage.name for stage in written.stages).items():
        if count > 1:
            yield document.problem(("stages", stages[name], "name"), f"two stages are called {name}")
    for position, stage in enumerate(written.stages):
        for place, earlier in enumerate(stage.after):
            if earlier not in stages and earlier not in AFTER:
                path = ("stages", position, "after", place)
                yield document.problem(
                    path, f"there is no stage or task class `{earlier}`", " or ".join([*stages, *AFTER])
                )
    yield from _cycle(document, written.stages, stages)


def _cycle(document: Document, listed: tuple[Stage, ...], stages: dict[str, int]) -> Problems:
    graph = {name: set(after) for name, after in AFTER.items()}
    previous: tuple[str, ...] = ()
    for stage in listed:
        graph[stage.name] = set(stage.after or previous)
        previous = (stage.name,)
    late = {name for name in stages if _reaches(graph, name, "certificates") or _reaches(graph, name, "environment")}
    graph["environment"] = {stage.name for stage in listed if stage.name not in late}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        ring = [name for name in error.args[1] if name in stages]
        where = ("stages", stages[ring[0]], "after") if ring else ("stages",)
        lines = [document.problem(("stages", stages[name]), "").line for name in dict.fromkeys(ring)]
        what = f"a cycle: {' → '.join(reversed(error.args[1]))} (lines {', '.join(map(str, lines))})"
        yield document.problem(
            where, what, "an order: verify the certificate by DNS, which needs no endpoint, or drop one `after`"
        )


def _reaches(graph: dict[str, set[str]], start: str, goal: str) -> bool:
    waiting, seen = [start], set[str]()
    while waiting:
        name = waiting.pop()
        for earlier in graph.get(name, set()) - seen:
            if earlier == goal:
                return True
            seen.add(earlier)
            waiting.append(earlier)
    return False


def _references(document: Document, written: EngagementFile) -> Problems:
    runtime = {secret.name for secret in written.secrets.secrets if secret.purpose == "runtime"}
    for position, name in enumerate(written.secrets.pipeline_reads):
        if name not in runtime:
            yield document.problem(
                ("secrets", "pipeline_reads", position), f"`{name}` is no runtime secret", " or ".join(sorted(runtime))
            )
    probes = {probe.name for probe in written.monitoring.probes}
    for position, alarm in enumerate(written.monitoring.alarms):
        if alarm.probe not in probes:
            place = ("monitoring", "alarms", position, "probe")
            yield document.problem(place, f"there is no probe `{alarm.probe}`", " or ".join(sorted(probes)))


def _files(document: Document, written: EngagementFile, folder: Path) -> Problems:
    for position, stage in enumerate(written.stages):
        if not (folder.parent.parent / stage.root).is_dir():
            yield document.problem(("stages", position, "root"), f"there is no folder {stage.root}")
    for position, dashboard in enumerate(written.monitoring.dashboards):
        path = ("monitoring", "dashboards", position, "file")
        try:
            json.loads((folder / dashboard.file).read_text(encoding="utf-8"))
        except OSError:
            yield document.problem(path, f"there is no file {dashboard.file}")
        except ValueError as error:
            yield document.problem(path, f"{dashboard.file} is not JSON: {error}")


def _records(document: Document, environment: Environment) -> Problems:
    zone, by_name = environment.dns.zone, dict[str, set[str]]()
    for position, record in enumerate(environment.dns.records):
        path = ("dns", "records", position)
        if bool(record.values) == (record.alias is not None):
            yield document.problem(path, f"{record.name} {record.type} needs either values or an alias")
        if (
            record.name.endswith(".")
            and record.name.rstrip(".") != zone
            and not record.name.rstrip(".").endswith(f".{zone}")
        ):
            yield document.problem((*path, "name"), f"{record.name} lies outside the zone {zone}")
        elif (
            "." in record.name
            and record.name.endswith((".example", ".com", ".net", ".org"))
            and not record.name.endswith(zone)
        ):
            yield document.problem(
                (*path, "name"), f"{record.name} lies outside the zone {zone}", "a name relative to the zone"
            )
        if record.type in by_name.setdefault(record.name, set()):
            yield document.problem(path, f"{record.name} {record.type} is listed twice", "one entry with all values")
        by_name[record.name].add(record.type)
        yield from _values(document, path, record)
    for position, record in enumerate(environment.dns.records):
        alone = by_name[record.name] == {"CNAME"}
        if record.type == "CNAME" and (record.name == "@" or not alone):
            what = (
                "a CNAME cannot stand at the zone itself"
                if record.name == "@"
                else f"a CNAME cannot stand beside other types at {record.name}"
            )
            yield document.problem(("dns", "records", position, "type"), what, "an alias")


def _values(document: Document, path: tuple[str | int, ...], record: Record) -> Problems:
    for position, value in enumerate(record.values):
        where = (*path, "values", position)
        wrong: str | None = None
        if record.type in {"A", "AAAA"}:
            try:
                _ADDRESS[record.type](value)
            except ValueError:
                wrong = f"an address for {record.type}"
        elif record.type == "MX" and not re.fullmatch(r"\d{1,5} \S+\.", value):
            wrong = "preference and host with its last dot: `10 mail.example.com.`"
        elif record.type == "CAA" and not re.fullmatch(r'\d{1,3} (issue|issuewild|iodef) "[^"]*"', value):
            wrong = '`0 issue "ca.example"`'
        if wrong:
            yield document.problem(where, f"`{value}` is no value of {record.type}", wrong)


def _names_in_zone(document: Document, environment: Environment) -> Problems:
    zone = environment.dns.zone
    for position, certificate in enumerate(environment.certificates.certificates):
        for place, name in enumerate(certificate.names):
            if not _inside(name.removeprefix("*."), zone):
                where = ("certificates", "certificates", position, "names", place)
                yield document.problem(where, f"{name} lies outside the zone {zone}: it cannot be proven by DNS")
    for position, probe in enumerate(environment.monitoring.probes):
        if not _inside(urlsplit(probe.url).hostname or "", zone):
            url = ("monitoring", "probes", position, "url")
            yield document.problem(url, f"{probe.url} lies outside the zone {zone}")


def _inside(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")
