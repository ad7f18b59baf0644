"""Route 53: RRsets of a hosted zone, changed in one atomic batch.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from provisioning_assets.errors import ApplyFailed, NotConverged, ProviderFailed
from provisioning_assets.plan import Action, Attributes, Change, Json
from provisioning_assets.providers import aws

IN_EFFECT = 120
"""Seconds that a change may take until every server of Route 53 has it; usually it is under 60."""

_TXT_CHUNK = 255
_ESCAPED = re.compile(r"\\(\d{3})")


class Route53:
    """The hosted zones of an account; Route 53 has no regions, the client wants one all the same."""

    def __init__(self, region: str) -> None:
        self._region = region

    def read(self, zone: str) -> Mapping[str, Attributes]:
        """Every RRset but the apex's SOA and NS."""
        identity = self._zone(zone)["Id"]
        with aws.translated("Route 53"):
            pages = self._client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=identity)
            rrsets = [rrset for page in pages for rrset in page["ResourceRecordSets"]]
        found = {f"{plain_name(rrset['Name'])} {rrset['Type']}": _attributes(rrset) for rrset in rrsets}
        return {address: a for address, a in found.items() if address not in {f"{zone} SOA", f"{zone} NS"}}

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        """One batch; back when Route 53 says INSYNC."""
        if not changes:
            return
        identity = self._zone(zone)["Id"]
        batch = [_written(change, identity) for change in changes]
        try:
            with aws.translated("Route 53"):
                change = self._client.change_resource_record_sets(
                    HostedZoneId=identity, ChangeBatch={"Changes": batch, "Comment": "provisioning"}
                )["ChangeInfo"]
        except ProviderFailed as error:
            named = ", ".join(each.address for each in changes)
            remedy = "correct the record that the cause names; nothing of the batch was written"
            raise ApplyFailed(
                f"Route 53 refused the records of {zone}", where=named, cause=error.cause, remedy=remedy
            ) from None
        self._wait(zone, change)

    def name_servers(self, zone: str) -> Sequence[str]:
        """The servers that the parent zone must delegate to."""
        with aws.translated("Route 53"):
            delegation = self._client.get_hosted_zone(Id=self._zone(zone)["Id"])["DelegationSet"]
        return [str(name) for name in delegation["NameServers"]]

    def _wait(self, zone: str, change: dict[str, Any]) -> None:
        def status() -> str:
            with aws.translated("Route 53"):
                return str(self._client.get_change(Id=change["Id"])["ChangeInfo"]["Status"])

        try:
            Retrying(
                stop=stop_after_delay(IN_EFFECT), wait=wait_fixed(1), retry=retry_if_result(lambda s: s != "INSYNC")
            )(status)
        except RetryError:
            raise NotConverged(
                f"the records of {zone} are not in effect after {IN_EFFECT} s", remedy="run again"
            ) from None

    def _zone(self, zone: str) -> dict[str, Any]:
        """The one public zone of this name."""
        with aws.translated("Route 53"):
            pages = self._client.get_paginator("list_hosted_zones").paginate()
            found = [
                each
                for page in pages
                for each in page["HostedZones"]
                if each["Name"].rstrip(".") == zone and not each["Config"].get("PrivateZone")
            ]
        if not found:
            raise ProviderFailed(f"Route 53 has no zone {zone}", remedy="apply the stage that makes it (endpoints)")
        if len(found) > 1:
            ids = ", ".join(each["Id"] for each in found)
            raise ProviderFailed(
                f"Route 53 has {len(found)} zones {zone}", cause=ids, remedy="delete the one not delegated"
            )
        return dict(found[0])

    @property
    def _client(self) -> Any:
        return aws.client("route53", self._region)


def _attributes(rrset: Mapping[str, Any]) -> Attributes:
    if "AliasTarget" in rrset:
        return {"alias": plain_name(rrset["AliasTarget"]["DNSName"])}
    values = [record["Value"] for record in rrset["ResourceRecords"]]
    return {"ttl": rrset["TTL"], "values": sorted(_unquoted(v) if rrset["Type"] == "TXT" else v for v in values)}


def _written(change: Change, zone_id: str) -> dict[str, Any]:
    """A change as the API takes it; a delete must name exactly what is there."""
    name, kind = change.address.rsplit(" ", 1)
    side: Mapping[str, Json] = (change.before if change.action is Action.DELETE else change.after) or {}
    rrset: dict[str, Any] = {"Name": f"{name}.", "Type": kind}
    if "alias" in side:
        target = {
            "HostedZoneId": zone_id.rsplit("/", 1)[-1],
            "DNSName": f"{side['alias']}.",
            "EvaluateTargetHealth": False,
        }
        rrset["AliasTarget"] = target
    else:
        values = (_quoted(value) if kind == "TXT" else value for value in side["values"])
        rrset |= {"TTL": side["ttl"], "ResourceRecords": [{"Value": value} for value in values]}
    return {"Action": "DELETE" if change.action is Action.DELETE else "UPSERT", "ResourceRecordSet": rrset}


def plain_name(name: str) -> str:
    r"""Lower case, without the last dot, with Route 53's octal escapes (`\052` for `*`) undone."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), name).rstrip(".").lower()


def _quoted(text: str) -> str:
    """A TXT value as strings of at most 255 bytes (RFC 1035, 3.3)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    chunks = [escaped[at : at + _TXT_CHUNK] for at in range(0, len(escaped), _TXT_CHUNK)] or [""]
    return " ".join(f'"{chunk}"' for chunk in chunks)


def _unquoted(value: str) -> str:
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', value)
    return "".join(strings).replace('\\"', '"').replace("\\\\", "\\")
