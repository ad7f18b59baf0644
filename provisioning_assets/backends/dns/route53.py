"""Route 53: RRsets of a hosted zone, changed in one atomic batch, or in several when it would be too large.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.dns.batches import Progress, by_name
from provisioning_assets.backends.dns.records import as_planned, canonical, text
from provisioning_assets.backends.dns.settings import Route53 as Settings
from provisioning_assets.core.plan import Action, Attributes, Change
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ApplyFailed, NotConverged, ProviderFailed, ProvisioningError, Unreachable

IN_EFFECT = 120
"""Seconds that a change may take to reach every server of Route 53; usually it takes under 60."""

ELEMENTS = 1000
"""Largest number of values in one batch; an update has those of its delete and those of its create."""

CHARACTERS = 32_000
"""Largest number of characters in the values of one batch, counted likewise."""

_INVALID = ("InvalidChangeBatch", "InvalidInput")
_TXT_STRING = 255
_PRINTABLE = range(0x20, 0x7F)
_ESCAPED_IN_NAME = re.compile(r"\\(\d{3})")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)


class Route53(aws.OnAws):
    """The hosted zones of an account. The service is global; the region only signs requests."""

    def __init__(self, settings: Settings, access: Access) -> None:
        super().__init__(settings, access)
        self._zones: dict[str, str] = {}

    def read(self, zone: str) -> Mapping[str, Attributes]:
        """Every RRset except the apex's SOA and NS."""
        found = {address: _attributes(rrset) for address, rrset in self._rrsets(zone).items()}
        return {address: a for address, a in found.items() if address not in {f"{zone} SOA", f"{zone} NS"}}

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        """Write, and return when Route 53 says INSYNC; refused when a record has changed since the plan.

        All or none within the limits of one batch; beyond them, batch by batch.
        """
        if not changes:
            return
        there = self._rrsets(zone)
        found = {address: _attributes(rrset) for address, rrset in there.items()}
        if moved := [change.address for change in changes if not as_planned(change, found.get(change.address))]:
            raise ApplyFailed(
                f"records of {zone} are not as they were when the change was planned",
                where=", ".join(moved),
                cause="somebody else wrote them meanwhile; nothing was written",
                remedy="plan again, and look at what they wrote",
            )
        identity = self._zone(zone)
        progress = Progress([change for change in changes if not _gone(change, there)])
        entries = {each.address: _written(each, there.get(each.address), identity) for each in progress.left}
        sent: list[dict[str, Any]] = []
        for batch in _batches(progress.left, entries):
            progress.in_flight = batch
            try:
                sent.append(self._change(identity, [entry for each in batch for entry in entries[each.address]]))
            except ProviderFailed as error:
                if error.cause.startswith(_INVALID) and self._arrived(zone, batch):
                    progress.arrived()
                    continue
                progress.in_flight = []  # all or none
                raise progress.stopped(zone, error) from None
            except Unreachable as error:
                raise progress.stopped(zone, error) from None
            progress.arrived()
        for change in sent:
            self._wait(zone, change)

    def name_servers(self, zone: str) -> Sequence[str]:
        """The servers to which the parent zone must delegate."""
        identity = self._zone(zone)
        with self._aws.translated("Route 53"):
            delegation = self._client.get_hosted_zone(Id=identity)["DelegationSet"]
        return [str(name) for name in delegation["NameServers"]]

    def _rrsets(self, zone: str) -> dict[str, dict[str, Any]]:
        """Address to RRset as Route 53 has it."""
        try:
            rrsets = self._listed(self._zone(zone))
        except ProviderFailed as error:
            if not error.cause.startswith("NoSuchHostedZone"):
                raise
            del self._zones[zone]  # a stage created it again
            rrsets = self._listed(self._zone(zone))
        if routed := sorted({_address(rrset) for rrset in rrsets if "SetIdentifier" in rrset}):
            raise ProviderFailed(
                f"the zone {zone} has records with a routing policy, which one RRset cannot describe",
                where=", ".join(routed),
                remedy="make them simple records, or keep them in a zone of their own",
            )
        return {_address(rrset): rrset for rrset in rrsets}

    def _listed(self, identity: str) -> list[dict[str, Any]]:
        with self._aws.translated("Route 53"):
            pages = self._client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=identity)
            return [rrset for page in pages for rrset in page["ResourceRecordSets"]]

    def _change(self, identity: str, batch: Sequence[dict[str, Any]]) -> dict[str, Any]:
        try:
            with self._aws.translated("Route 53"):
                answer = self._client.change_resource_record_sets(
                    HostedZoneId=identity, ChangeBatch={"Changes": batch, "Comment": "provisioning"}
                )
        except ProviderFailed as error:
            invalid = error.cause.startswith(_INVALID)
            raise ProviderFailed(
                "Route 53 refused records",
                where=", ".join(_blamed(error.cause, [each["ResourceRecordSet"] for each in batch])),
                cause=error.cause,
                remedy="correct the record that the cause names" if invalid else error.remedy or "run again",
            ) from None
        return dict(answer["ChangeInfo"])

    def _arrived(self, zone: str, batch: Sequence[Change]) -> bool:
        """Whether a refused batch is in the zone: a request whose answer was lost is sent again, and then refused.

        The answer had the number by which Route 53 says when the batch is in effect; the checks ask its name servers.
        """
        try:
            live = self.read(zone)
        except ProvisioningError:
            return False
        return all(live.get(change.address) == change.after for change in batch)

    def _wait(self, zone: str, change: dict[str, Any]) -> None:
        def status() -> str:
            with self._aws.translated("Route 53"):
                return str(self._client.get_change(Id=change["Id"])["ChangeInfo"]["Status"])

        if settle(status, done=lambda found: found == "INSYNC", within=IN_EFFECT) != "INSYNC":
            what = f"the records of {zone} are not in effect after {IN_EFFECT} s"
            raise NotConverged(what, where=change["Id"], remedy="run again: Route 53 goes on by itself")

    def _zone(self, zone: str) -> str:
        """ID of the only public zone of this name; asked for once."""
        if zone in self._zones:
            return self._zones[zone]
        with self._aws.translated("Route 53"):
            pages = self._client.get_paginator("list_hosted_zones").paginate()
            zones = [each for page in pages for each in page["HostedZones"]]
        public = [each for each in zones if not each.get("Config", {}).get("PrivateZone")]
        found = [str(each["Id"]) for each in public if plain_name(each["Name"]) == zone]
        if not found:
            raise ProviderFailed(f"Route 53 has no zone {zone}", remedy="apply the stage that makes it (endpoints)")
        if len(found) > 1:
            remedy = "delete the one that the parent zone does not delegate to"
            raise ProviderFailed(f"Route 53 has {len(found)} zones {zone}", where=", ".join(found), remedy=remedy)
        return self._zones.setdefault(zone, found[0])

    @property
    def _client(self) -> Any:
        return self._aws.client("route53", "us-east-1")


def plain_name(name: str) -> str:
    r"""Lower case, without the last dot, with Route 53's octal escapes (`\052` for `*`) undone."""
    return _ESCAPED_IN_NAME.sub(lambda found: chr(int(found[1], 8)), name).rstrip(".").lower()


def _address(rrset: Mapping[str, Any]) -> str:
    return f"{plain_name(rrset['Name'])} {rrset['Type']}"


def _attributes(rrset: Mapping[str, Any]) -> Attributes:
    if "AliasTarget" in rrset:
        return {"alias": plain_name(rrset["AliasTarget"]["DNSName"])}
    kind, values = rrset["Type"], [record["Value"] for record in rrset["ResourceRecords"]]
    return {"ttl": rrset["TTL"], "values": sorted(_joined(v) if kind == "TXT" else canonical(v, kind) for v in values)}


def _gone(change: Change, there: Mapping[str, object]) -> bool:
    return change.action is Action.DELETE and change.address not in there


def _written(change: Change, there: Mapping[str, Any] | None, zone: str) -> list[dict[str, Any]]:
    """A change as the API takes it; an update is a delete and a create, which are one step in one batch.

    A delete must name the record exactly as it is, with the same chunks of TXT: what somebody else wrote in the moment
    since it was read makes Route 53 refuse the batch. An UPSERT would overwrite it.
    """
    old = [] if there is None else [{"Action": "DELETE", "ResourceRecordSet": there}]
    if change.after is None:
        return old
    name, kind = change.address.rsplit(" ", 1)
    rrset: dict[str, Any] = {"Name": f"{name}.", "Type": kind}
    if "alias" in change.after:
        target = {"HostedZoneId": zone.rsplit("/", 1)[-1], "DNSName": f"{change.after['alias']}."}
        rrset["AliasTarget"] = {**target, "EvaluateTargetHealth": False}
    else:
        values = (_split(value) if kind == "TXT" else value for value in change.after["values"])
        rrset |= {"TTL": change.after["ttl"], "ResourceRecords": [{"Value": value} for value in values]}
    return [*old, {"Action": "CREATE", "ResourceRecordSet": rrset}]


def _batches(changes: Sequence[Change], entries: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[list[Change]]:
    """Batches within the API's limits; changes of one name stay together, and no alias ever lacks its target."""
    batch: list[Change] = []
    elements = characters = 0
    for group in sorted(by_name(changes), key=_rank):
        weights = [_weight(entry) for change in group for entry in entries[change.address]]
        more, longer = sum(weight[0] for weight in weights), sum(weight[1] for weight in weights)
        if batch and (elements + more > ELEMENTS or characters + longer > CHARACTERS):
            yield batch
            batch, elements, characters = [], 0, 0
        batch, elements, characters = [*batch, *group], elements + more, characters + longer
    if batch:
        yield batch


def _rank(group: Sequence[Change]) -> int:
    """The order of batches: an alias is deleted before its target, and created after it."""
    coming = [change.after for change in group if change.after is not None]
    if any("alias" in after for after in coming):
        return 2
    if coming:
        return 1
    return 0 if any("alias" in (change.before or {}) for change in group) else 3


def _weight(entry: Mapping[str, Any]) -> tuple[int, int]:
    """How many elements and characters an entry uses up."""
    values = [record["Value"] for record in entry["ResourceRecordSet"].get("ResourceRecords", [])]
    return max(1, len(values)), sum(map(len, values))


def _blamed(cause: str, rrsets: Sequence[Mapping[str, Any]]) -> list[str]:
    """Addresses that an error is about: it mentions a name, or only a value. All of them when it mentions neither."""

    def meant(rrset: Mapping[str, Any]) -> bool:
        named = re.search(rf"name\W+{re.escape(plain_name(rrset['Name']))}(?!\.?\w)", plain_name(cause))
        return bool(named) or any(f"'{record['Value']}'" in cause for record in rrset.get("ResourceRecords", []))

    return [_address(each) for each in rrsets if meant(each)] or [_address(each) for each in rrsets]


def _split(value: str) -> str:
    """A TXT value as strings of at most 255 bytes (RFC 1035, 3.3), with Route 53's escapes."""
    content = value.encode()
    chunks = [content[at : at + _TXT_STRING] for at in range(0, len(content), _TXT_STRING)] or [b""]
    return " ".join('"' + "".join(map(_escaped, chunk)) + '"' for chunk in chunks)


def _escaped(byte: int) -> str:
    if byte not in _PRINTABLE:
        return f"\\{byte:03o}"
    return f"\\{chr(byte)}" if chr(byte) in '"\\' else chr(byte)


def _joined(value: str) -> str:
    """The text of a TXT value, its strings joined and its escapes undone."""

    def plain(found: re.Match[bytes]) -> bytes:
        escape = found[1]
        return bytes([int(escape, 8) & 0xFF]) if len(escape) > 1 else escape

    strings = [_ESCAPED.sub(plain, string.encode()) for string in _STRING.findall(value)]
    return text(b"".join(strings))
