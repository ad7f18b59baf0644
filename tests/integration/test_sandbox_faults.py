"""What is wrong in the emulated account or in the secret store stays where it is: it holds up nobody else."""

import json
import os
import socket
import ssl
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import dns.rcode
import hvac
import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import Proof
from provisioning_assets.backends.certificates.acme.authority import Acme
from provisioning_assets.backends.certificates.settings import Acme as Settings
from provisioning_assets.probes.tls import connect_to, describe
from tests.support.authorities import Customer

HEALTHY = "import sys; from provisioning_assets.sandbox.prober import healthy; sys.exit(not healthy(sys.argv[1]))"


def until(read: Callable[[], Any], wanted: Callable[[Any], bool] = bool) -> Any:
    """The first reading that is as wanted; with the deadline, the last one, for the assertion to show."""
    return Retrying(
        stop=stop_after_delay(15),
        wait=wait_fixed(0.1),
        retry=retry_if_result(lambda found: not wanted(found)),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )(read)


class Zone:
    """A zone of its own in the emulated Route 53; publishes ACME's challenges there."""

    def __init__(self, name: str, cloud: Access) -> None:
        self.name = name
        self._client = aws.of(cloud).client("route53")
        self._id = self._client.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]["Id"]

    def put(self, name: str, kind: str, *values: str) -> None:
        rrset = {"Name": name, "Type": kind, "TTL": 1, "ResourceRecords": [{"Value": value} for value in values]}
        changes = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": rrset}]}
        self._client.change_resource_record_sets(HostedZoneId=self._id, ChangeBatch=changes)

    @contextmanager
    def publish(self, proofs: Sequence[Proof]) -> Iterator[None]:
        for name in {proof.name for proof in proofs}:
            self.put(name, "TXT", *(f'"{proof.value}"' for proof in proofs if proof.name == name))
        yield


@pytest.fixture
def zone(cloud: Access) -> Zone:
    return Zone(f"z{uuid.uuid4().hex[:8]}.example", cloud)


def test_the_zone_with_the_longest_name_answers(zone: Zone, cloud: Access) -> None:
    host, port = cloud.get("PROVISIONING_NAMESERVERS").split(":")

    def ask(name: str) -> dns.message.Message:
        return dns.query.udp(dns.message.make_query(name, "A"), host, timeout=5, port=int(port))

    zone.put(f"www.sub.{zone.name}", "A", "192.0.2.1")
    assert until(lambda: ask(f"www.sub.{zone.name}").answer)
    Zone(f"sub.{zone.name}", cloud)
    reply = until(lambda: ask(f"www.sub.{zone.name}"), lambda found: not found.answer)
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert reply.authority[0].name.to_text() == f"sub.{zone.name}."


class Store:
    """The sandbox's secret store, with a runtime mount of its own."""

    def __init__(self, cloud: Access) -> None:
        token = Path(cloud.get("VAULT_TOKEN_FILE")).read_text()
        make: Any = hvac.Client
        self._client = make(url=cloud.get("VAULT_ADDR"), token=token)
        self._mount = f"m{uuid.uuid4().hex[:8]}-runtime"
        self._client.sys.enable_secrets_engine("kv", path=self._mount, options={"version": "2"})

    def keep(self, name: str, key: str, chain: str) -> None:
        value = {"key": key, "chain": chain}
        for attempt in Retrying(stop=stop_after_delay(5), wait=wait_fixed(0.1), reraise=True):
            with attempt:  # a mount that was made a moment ago may still be set up
                self._client.secrets.kv.v2.create_or_update_secret(name, value, mount_point=self._mount)

    def sign(self, host: str) -> tuple[str, str]:
        data = {"common_name": host, "key_type": "ec", "key_bits": 256}
        made = self._client.write_data("pki/issue/server", data=data)["data"]
        return made["private_key"], f"{made['certificate']}\n{made['issuing_ca']}\n"

    def delete(self, name: str) -> None:
        self._client.secrets.kv.v2.delete_latest_version_of_secret(name, mount_point=self._mount)

    def close(self) -> None:
        self._client.sys.disable_secrets_engine(self._mount)
        self._client.logout()


@pytest.fixture
def store(cloud: Access) -> Iterator[Store]:
    made = Store(cloud)
    yield made
    made.close()


def served(host: str, cloud: Access) -> str | None:
    """Fingerprint of what a client gets that trusts the sandbox's root alone; None when it gets nothing good."""
    trust = ssl.create_default_context(cafile=cloud.get("SSL_CERT_FILE"))
    try:
        with (
            socket.create_connection(connect_to(host, cloud), timeout=3) as plain,
            trust.wrap_socket(plain, server_hostname=host) as tls,
        ):
            return describe(ssl.DER_cert_to_PEM_cert(tls.getpeercert(binary_form=True) or b"")).fingerprint
    except OSError:
        return None


def healthy(url: str, cloud: Access) -> bool:
    """What the prober says, with the variables that it runs with."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    command = [sys.executable, "-c", HEALTHY, url]
    return not subprocess.run(command, env={**kept, **cloud.variables}, check=False).returncode


def test_a_certificate_ordered_by_acme_through_the_emulated_zones_is_served(
    store: Store, zone: Zone, cloud: Access
) -> None:
    authority = Acme(Settings(), cloud)
    customer = Customer((zone.name, f"*.{zone.name}"), zone)
    issued = authority.issue(customer)
    store.keep("certificate-site", customer.keys[0], issued.chain)
    expected = describe(issued.chain).fingerprint
    assert until(lambda: served(zone.name, cloud)) == expected
    assert served(f"shop.{zone.name}", cloud) == expected
    assert healthy(f"https://shop.{zone.name}/healthz", cloud)
    assert not healthy(f"https://deep.shop.{zone.name}/healthz", cloud)


def test_a_certificate_that_is_none_or_deleted_holds_up_no_other(store: Store, zone: Zone, cloud: Access) -> None:
    store.keep("certificate-a-bad", "no key", "no chain")
    store.keep("certificate-b-deleted", *store.sign(f"b.{zone.name}"))
    assert until(lambda: served(f"b.{zone.name}", cloud))
    store.delete("certificate-b-deleted")
    store.keep("certificate-c-good", *store.sign(f"c.{zone.name}"))
    assert until(lambda: served(f"c.{zone.name}", cloud))
    assert served(f"b.{zone.name}", cloud) is None


def points(namespace: str, cloud: Access) -> set[float]:
    now = datetime.now(UTC)
    found = aws.of(cloud).client("cloudwatch").get_metric_statistics(
        Namespace=namespace, MetricName="Healthy", Dimensions=[{"Name": "Probe", "Value": "good"}], Period=1,
        StartTime=now - timedelta(minutes=1), EndTime=now + timedelta(seconds=1), Statistics=["Minimum"],
    )  # fmt: skip
    return {point["Minimum"] for point in found["Datapoints"]}


@pytest.mark.parametrize("bad", ["no JSON", "[]", "{}", '{"url": "gopher://x/", "namespace": "n", "dimension": {}}'])
def test_a_probe_that_is_none_holds_up_no_other(zone: Zone, cloud: Access, bad: str) -> None:
    definition = {"url": "https://x.example/", "namespace": zone.name, "metric": "Healthy"}
    good = json.dumps(definition | {"dimension": {"Probe": "good"}})
    names = {f"/{zone.name}/probes/a-bad": bad, f"/{zone.name}/probes/b-good": good}
    ssm = aws.of(cloud).client("ssm")
    for name, value in names.items():
        ssm.put_parameter(Name=name, Value=value, Type="String")
    assert until(lambda: points(zone.name, cloud)) == {0.0}
    ssm.delete_parameters(Names=list(names))


def test_an_alarm_that_cannot_be_judged_holds_up_no_other(zone: Zone, cloud: Access) -> None:
    cloudwatch = aws.of(cloud).client("cloudwatch")
    common = {
        "Namespace": zone.name, "MetricName": "Healthy", "Period": 10, "EvaluationPeriods": 1, "Threshold": 1.0,
        "ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching",
    }  # fmt: skip
    names = [f"{zone.name}-{part}" for part in ("a-percentile", "b-mute-topic", "c-good")]
    gone = "arn:aws:sns:eu-central-1:123456789012:gone"
    cloudwatch.put_metric_alarm(AlarmName=names[0], ExtendedStatistic="p99", **common)
    cloudwatch.put_metric_alarm(AlarmName=names[1], Statistic="Minimum", AlarmActions=[gone], **common)
    cloudwatch.put_metric_alarm(AlarmName=names[2], Statistic="Minimum", **common)

    def states() -> dict[str, str]:
        found = cloudwatch.describe_alarms(AlarmNamePrefix=zone.name)["MetricAlarms"]
        return {alarm["AlarmName"].removeprefix(f"{zone.name}-"): alarm["StateValue"] for alarm in found}

    assert until(states, lambda found: found["c-good"] == "ALARM")["c-good"] == "ALARM"
    (undecided,) = cloudwatch.describe_alarms(AlarmNames=names[:1])["MetricAlarms"]
    assert undecided["StateValue"] == "INSUFFICIENT_DATA"
    assert "Statistic" in undecided["StateReason"]
    cloudwatch.delete_alarms(AlarmNames=names)
