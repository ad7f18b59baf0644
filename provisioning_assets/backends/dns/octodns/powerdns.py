"""PowerDNS Authoritative, by its HTTP API: one PATCH of a zone is all or none, and has no precondition.

https://doc.powerdns.com/authoritative/http-api/
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from octodns_powerdns import PowerDnsProvider
from octodns_powerdns.record import PowerDnsLuaRecord

from provisioning_assets.backends.dns.octodns.bridge import OctoDns, guard
from provisioning_assets.backends.dns.octodns.records import ESCAPED
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.errors import ProviderFailed

_ADDRESS = "PDNS_SERVER_URL"
_PORTS = {"http": 80, "https": 443}


class _Provider(PowerDnsProvider):  # type: ignore[misc]
    """octoDNS's own, that reads what is served, writes only what it has looked at, and makes no zone."""

    SUPPORTS = PowerDnsProvider.SUPPORTS - {PowerDnsLuaRecord._type}
    rrsets: Sequence[Mapping[str, Any]] = ()
    """Of the zone that was read last, without the records that are disabled."""
    disabled: frozenset[tuple[str, str]] = frozenset()
    """Name and type of each RRset of that zone with a record that is disabled."""
    serial: Any = None
    """The number of its last change by the API."""

    def _get(self, path: str, data: Any = None) -> requests.Response:
        answer: requests.Response = super()._get(path, data)
        if path.startswith("zones/"):
            zone = answer.json()
            served = [{**each, "records": [r for r in each["records"] if not r["disabled"]]} for each in zone["rrsets"]]
            self.rrsets, self.serial = [each for each in served if each["records"]], zone["edited_serial"]
            off = (each for each in zone["rrsets"] if any(record["disabled"] for record in each["records"]))
            self.disabled = frozenset((each["name"], each["type"]) for each in off)
            answer.json = lambda **_: {"rrsets": self.rrsets}  # type: ignore[method-assign]
        return answer

    def _patch(self, path: str, data: Any = None) -> requests.Response:
        """Write, if nothing changed since the zone was read, and nothing goes that no plan has shown.

        Reading a large zone takes seconds, and asking for its serial a moment: there is no other precondition.
        """
        if lost := sorted(self.disabled & {(each["name"], each["type"]) for each in data["rrsets"]}):
            raise ProviderFailed(
                "a disabled record would be deleted without a word: it is in no plan, and an RRset is written whole",
                where=", ".join(f"{name.rstrip('.')} {kind}" for name, kind in lost),
                remedy="delete the disabled records in PowerDNS, or enable them; then plan again",
            )
        if super()._get(f"{path}?rrsets=false").json()["edited_serial"] != self.serial:
            what = "somebody else wrote to the zone while our changes were made ready"
            raise ProviderFailed(what, where=path.partition("/")[2], cause="it has another serial", remedy="run again")
        answer: requests.Response = super()._patch(path, data)
        return answer

    def _post(self, _path: str, data: Any = None) -> requests.Response:
        """How octoDNS makes a zone that is gone."""
        raise ProviderFailed(f"PowerDNS has no {data['name']} any more", remedy="apply the stage that makes it")


class PowerDns(OctoDns):
    """The zones of one server."""

    NAME = "PowerDNS"
    KEY = "PDNS_API_KEY"
    TEXTS = ESCAPED

    @property
    def address(self) -> str:
        """The profile's PDNS_SERVER_URL."""
        return self._access.address(self._settings.address, _ADDRESS, self.NAME)

    def identity(self) -> Mapping[str, Json]:
        """The server."""
        return {"address": self.address, "server": self._settings.server_id}

    def _made(self, patience: tuple[float, float]) -> PowerDnsProvider:
        host, key = self._host(), self._access.get(self.KEY)
        if not key:
            remedy = f"set {self.KEY} in the environment's profile to the server's `api-key`"
            raise ProviderFailed(f"there is no API key of {self.NAME}", where=self._access.name, remedy=remedy)
        made = _Provider("powerdns", **host, api_key=key, server_id=self._settings.server_id, timeout=patience)
        guard(made._sess, self._access, self.address)
        return made

    def _host(self) -> Mapping[str, Any]:
        """The address as octoDNS takes it, which asks below `/api/v1` of a host."""
        url = urlsplit(self.address)
        if url.path.strip("/") or url.query:
            where, remedy = f"{_ADDRESS}={self.address}", "write https://HOST or https://HOST:PORT, without a path"
            raise ProviderFailed(f"{self.NAME} cannot be at this address", where=where, remedy=remedy)
        host = f"[{url.hostname}]" if ":" in str(url.hostname) else url.hostname
        return {"scheme": url.scheme, "host": host, "port": url.port or _PORTS[url.scheme]}

    def _ask(self, provider: PowerDnsProvider) -> object:
        return provider.powerdns_version

    def _passed_over(self, provider: PowerDnsProvider) -> Mapping[str, Attributes]:
        return {
            f"{each['name'].rstrip('.').lower()} {each['type']}": {
                "ttl": each["ttl"],
                "values": sorted(record["content"] for record in each["records"]),
            }
            for each in provider.rrsets
            if each["type"] not in provider.SUPPORTS
        }
