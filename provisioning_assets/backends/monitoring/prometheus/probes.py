"""Probes: targets of a blackbox exporter, which a scrape job finds in the files of `targets/`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, urlsplit

from provisioning_assets.backends.monitoring.prometheus.drills import Drills
from provisioning_assets.backends.monitoring.prometheus.evaluator import Evaluator
from provisioning_assets.backends.monitoring.prometheus.folder import Folder, ours
from provisioning_assets.core.plan import Attributes, Json


class Probes:
    """What Prometheus scrapes with the label `scope`; the label `probe` is the name."""

    def __init__(self, evaluator: Evaluator, folder: Folder, drills: Drills) -> None:
        self._evaluator = evaluator
        self._folder = folder
        self._drills = drills

    def read(self, scope: str) -> dict[str, Attributes]:
        """Name to attributes."""
        found = defaultdict[str, list[str | None]](list)
        for target in self._evaluator.targets():
            if target["labels"].get("scope") == scope:
                found[target["labels"].get("probe", "")].append(_asked(target))
        return {name: {"url": min(urls, key=str), "otherwise": _otherwise(urls)} for name, urls in found.items()}

    def put(self, scope: str, wanted: Mapping[str, Attributes]) -> None:
        """Write the scope's file with these probes in it."""
        self._write(scope, {name: attributes["url"] for name, attributes in wanted.items()}, gone=())

    def delete(self, scope: str, names: Iterable[str]) -> None:
        """Write the scope's file without these probes."""
        names = list(names)
        self._write(scope, {}, gone=names)
        for name in names:
            self._drills.forget(scope, name)

    def _write(self, scope: str, wanted: Mapping[str, str], gone: Iterable[str]) -> None:
        """The file, and a reload: what is changed in the moment after one, Prometheus would see five minutes later.

        Without a probe it has an empty target, not none: that is how Prometheus learns that the others are gone.
        """
        live = {name: each["url"] for name, each in self.read(scope).items() if each["url"] and name not in gone}
        targets = [
            {"targets": [url], "labels": {"probe": name, "scope": scope}}
            for name, url in sorted({**live, **wanted}.items())
        ]
        with self._folder.changed(self._folder.targets(scope), ours(targets or [{"targets": []}])):
            self._evaluator.reload(self._folder.unread_rules())


def _asked(target: Mapping[str, Json]) -> str | None:
    """What the exporter is asked to look at; None when it is no blackbox exporter that is asked."""
    return next(iter(parse_qs(urlsplit(target["scrapeUrl"]).query).get("target", [])), None)


def _otherwise(urls: list[str | None]) -> list[str]:
    wrong = ["it is scraped itself, not looked at by a blackbox exporter"] if None in urls else []
    return wrong + ([f"it is looked at as {', '.join(sorted(set(map(str, urls))))}"] if len(set(urls)) > 1 else [])
