"""What the sandbox's members do for those who ask them: names, certificates, probes."""

import json
import socket
import ssl
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import hvac
import pytest
from cryptography import x509
from dns.flags import AA
from dns.rcode import NOERROR, NXDOMAIN, REFUSED
from dnslib import RCODE, DNSRecord
from tenacity import RetryError

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import Proof
from provisioning_assets.backends.certificates.acme.authority import Acme
from provisioning_assets.backends.certificates.settings import Acme as Settings
from provisioning_assets.sandbox.name_server import NEGATIVE_TTL
from provisioning_assets.sandbox.resolver import Cache
from tests.support.authorities import Customer
from tests.support.name_servers import Zone, answering
from tests.support.servers import free_port
from tests.support.waiting import wait_until

LONG = "A" * 400
KEPT = 4
"""Seconds that the trial's records live."""


class Names:
    """A zone of one test in the emulated Route 53, and the two servers that are asked."""

    def __init__(self, cloud: Access) -> None:
        self.name = f"z{uuid.uuid4().hex[:8]}.example"
        self._cloud = cloud
        self._client = aws.of(cloud).client("route53")
        zone = self._client.create_hosted_zone(Name=self.name, CallerReference=self.name)
        self._id = zone["HostedZone"]["Id"]
        # The name server knows of a new zone within its cache's moment; the resolver must not ask before.
        wait_until(lambda: self.authority("www").rcode() == NXDOMAIN, within=2)

    def put(self, label: str, kind: str, *values: str, ttl: int = KEPT) -> None:
        records = [{"Value": value} for value in values]
        rrset = {"Name": f"{label}.{self.name}", "Type": kind, "TTL": ttl, "ResourceRecords": records}
        change = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": rrset}]}
        before = said(self.authority(label, kind))
        self._client.change_resource_record_sets(HostedZoneId=self._id, ChangeBatch=change)
        # The name server keeps a zone for a moment; two seconds are ten of them.
        wait_until(lambda: said(self.authority(label, kind)) != before, within=2)

    def authority(self, label: str, kind: str = "A", ask: Callable[..., Any] = dns.query.udp) -> dns.message.Message:
        return question(self._cloud.get("PROVISIONING_NAMESERVERS"), f"{label}.{self.name}", kind, ask)

    def resolver(self, label: str, kind: str = "A", ask: Callable[..., Any] = dns.query.udp) -> dns.message.Message:
        return question(self._cloud.get("PROVISIONING_RESOLVERS"), f"{label}.{self.name}", kind, ask)


def question(server: str, name: str, kind: str, ask: Callable[..., Any]) -> dns.message.Message:
    host, port = server.split(":")
    return ask(dns.message.make_query(name, kind), host, port=int(port), timeout=5)


def said(reply: dns.message.Message) -> set[str]:
    return {record.to_text() for rrset in reply.answer for record in rrset}


def ttl(reply: dns.message.Message) -> int:
    return min(rrset.ttl for rrset in reply.answer or reply.authority)


@pytest.fixture
def names(cloud: Access) -> Names:
    return Names(cloud)


@pytest.mark.parametrize("ask", [dns.query.udp, dns.query.tcp])
def test_records_of_the_cloud_are_served_by_udp_and_tcp(names: Names, ask: Callable[..., Any]) -> None:
    names.put("www", "A", "192.0.2.1", "192.0.2.2")
    reply = names.authority("www", ask=ask)
    assert said(reply) == said(names.resolver("www", ask=ask)) == {"192.0.2.1", "192.0.2.2"}
    assert reply.flags & AA
    assert not names.resolver("www", ask=ask).flags & AA


def test_a_text_that_is_longer_than_a_datagram_arrives_whole(names: Names) -> None:
    names.put("dkim", "TXT", f'"{LONG[:255]}" "{LONG[255:]}"', *(f'"{n} {LONG[:200]}"' for n in range(4)))
    for asked in (names.authority, names.resolver):
        assert len(said(asked("dkim", "TXT"))) == 5
        assert f'"{LONG[:255]}" "{LONG[255:]}"' in said(asked("dkim", "TXT"))


def test_absence_of_a_name_of_a_type_and_of_a_zone_are_three_answers(names: Names, cloud: Access) -> None:
    names.put("www", "A", "192.0.2.1")
    assert names.authority("missing").rcode() == NXDOMAIN
    assert names.authority("www", "AAAA").rcode() == NOERROR
    assert names.authority("www", "AAAA").answer == []
    elsewhere = question(cloud.get("PROVISIONING_NAMESERVERS"), "elsewhere.invalid", "A", dns.query.udp)
    assert elsewhere.rcode() == REFUSED


def test_the_resolver_keeps_the_old_answer_until_its_ttl_is_over(names: Names) -> None:
    names.put("www", "A", "192.0.2.1")
    began = time.monotonic()
    assert said(names.resolver("www")) == {"192.0.2.1"}
    names.put("www", "A", "192.0.2.2")
    assert said(names.authority("www")) == {"192.0.2.2"}
    assert said(names.resolver("www")) == {"192.0.2.1"}
    wait_until(lambda: ttl(names.resolver("www")) < KEPT - 1, within=KEPT)
    assert said(names.resolver("www")) == {"192.0.2.1"}
    wait_until(lambda: said(names.resolver("www")) == {"192.0.2.2"}, within=KEPT)
    assert KEPT - 0.5 < time.monotonic() - began < KEPT + 2


def test_the_resolver_keeps_an_absence_for_the_zones_negative_ttl(names: Names) -> None:
    began = time.monotonic()
    assert names.resolver("new").rcode() == NXDOMAIN
    names.put("new", "A", "192.0.2.1")
    assert said(names.authority("new")) == {"192.0.2.1"}
    assert names.resolver("new").rcode() == NXDOMAIN
    wait_until(lambda: said(names.resolver("new")), within=NEGATIVE_TTL + 2)
    assert time.monotonic() - began > NEGATIVE_TTL - 0.5


def test_without_its_upstream_the_resolver_answers_what_it_kept() -> None:
    zone = Zone("shop.example", {"www.shop.example A": {"ttl": 60, "values": ["192.0.2.1"]}})
    with answering(zone) as upstream:
        cache = Cache(upstream.host, upstream.port)
        assert len(cache.resolve(DNSRecord.question("www.shop.example"), None).rr) == 1
    assert len(cache.resolve(DNSRecord.question("www.shop.example"), None).rr) == 1
    assert cache.resolve(DNSRecord.question("other.shop.example"), None).header.rcode == RCODE.SERVFAIL
    nobody = Cache("127.0.0.1", free_port())
    assert nobody.resolve(DNSRecord.question("www.shop.example"), None).header.rcode == RCODE.SERVFAIL


class Store:
    """A runtime mount of one test, and the authority that issues into it."""

    def __init__(self, cloud: Access) -> None:
        make: Any = hvac.Client
        token = Path(cloud.get("VAULT_TOKEN_FILE")).read_text().strip()
        self._client = make(url=cloud.get("VAULT_ADDR"), token=token)
        self.mount = f"t{uuid.uuid4().hex[:8]}-runtime"
        self._client.sys.enable_secrets_engine("kv", path=self.mount, options={"version": "2"})

    def issue(self, name: str, *others: str) -> str:
        """Store a new certificate; its serial number."""
        asked = {"common_name": name, "alt_names": ",".join(others), "key_type": "ec"}
        made = self._client.write_data("pki/issue/server", data=asked)["data"]
        value = {"key": made["private_key"] + "\n", "chain": "\n".join([made["certificate"], *made["ca_chain"], ""])}
        self.put(value)
        return str(made["serial_number"]).replace(":", "").upper()

    def put(self, value: dict[str, str]) -> None:
        self._client.secrets.kv.v2.create_or_update_secret(path="certificate-web", secret=value, mount_point=self.mount)

    def forget(self) -> None:
        self._client.secrets.kv.v2.delete_metadata_and_all_versions(path="certificate-web", mount_point=self.mount)


@pytest.fixture
def store(cloud: Access) -> Store:
    return Store(cloud)


class Client:
    """A client of the edge that trusts the sandbox's root alone."""

    def __init__(self, cloud: Access) -> None:
        self._trust = ssl.create_default_context(cafile=cloud.get("SSL_CERT_FILE"))
        host, port = cloud.get("PROVISIONING_CONNECT_TO").removeprefix("*:443:").split(":")
        self._address = host, int(port)

    def served(self, host: str) -> str | None:
        """Serial number of what it is served; None when refused."""
        with socket.create_connection(self._address, timeout=5) as plain:
            try:
                with self._trust.wrap_socket(plain, server_hostname=host) as tls:
                    return str(tls.getpeercert()["serialNumber"]).lstrip("0")  # type: ignore[index]
            except ssl.SSLError as error:
                # Any other failure (an untrusted root, a wrong name) is none that the edge is allowed.
                if "UNRECOGNIZED_NAME" not in (error.reason or ""):
                    raise
                return None

    def get(self, host: str, path: str) -> tuple[int, str]:
        connection = HTTPSConnection(*self._address)
        plain = socket.create_connection(self._address, timeout=5)
        connection.sock = self._trust.wrap_socket(plain, server_hostname=host)
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read().decode().strip()
        finally:
            connection.close()


@pytest.fixture
def client(cloud: Access) -> Client:
    return Client(cloud)


def test_a_stored_certificate_is_served_renewed_and_forgotten(store: Store, client: Client) -> None:
    host = f"{store.mount}.example"
    assert client.served(host) is None
    first = store.issue(host, f"*.{host}")
    wait_until(lambda: client.served(host) == first.lstrip("0"))
    assert client.served(f"any.{host}") == first.lstrip("0")
    assert client.served(f"two.labels.{host}") is None
    assert client.get(host, "/healthz") == (200, "ok")
    assert host in client.get(host, "/")[1]
    second = store.issue(host)
    wait_until(lambda: client.served(host) == second.lstrip("0"))
    assert client.served(f"any.{host}") is None
    store.forget()
    wait_until(lambda: client.served(host) is None)


class Published:
    """Challenges as records of a zone in the emulated Route 53."""

    def __init__(self, names: Names) -> None:
        self._names = names

    @contextmanager
    def publish(self, proofs: Sequence[Proof]) -> Iterator[None]:
        for name in {proof.name for proof in proofs}:
            texts = sorted(f'"{proof.value}"' for proof in proofs if proof.name == name)
            self._names.put(name.removesuffix(f".{self._names.name}"), "TXT", *texts)
        yield


def test_an_ordered_certificate_is_proven_by_the_name_server_and_served(
    names: Names, store: Store, client: Client, cloud: Access
) -> None:
    host = f"shop.{names.name}"
    # Looked at before it is there, as people do: the absence that is kept must not spoil the order.
    assert names.resolver("_acme-challenge.shop", "TXT").rcode() == NXDOMAIN
    authority = Acme(Settings(), cloud)
    customer = Customer([host, f"*.{host}"], Published(names))
    issued = authority.issue(customer)
    store.put({"key": customer.keys[0], "chain": issued.chain})
    served = wait_until(lambda: client.served(host))
    assert client.served(f"any.{host}") == served
    assert int(served, 16) == x509.load_pem_x509_certificate(issued.chain.encode()).serial_number


def test_a_value_that_is_no_certificate_leaves_the_good_one_served(store: Store, client: Client) -> None:
    host = f"{store.mount}.example"
    good = store.issue(host).lstrip("0")
    wait_until(lambda: client.served(host) == good)
    store.put({"key": "no key", "chain": "no chain"})
    with pytest.raises(RetryError):
        wait_until(lambda: client.served(host) != good, within=3)


def test_keys_that_the_edge_serves_lie_in_no_file(store: Store, client: Client, sandbox: Path) -> None:
    host = f"{store.mount}.example"
    served = store.issue(host).lstrip("0")
    wait_until(lambda: client.served(host) == served)
    assert [file.name for file in sandbox.iterdir() if "PRIVATE KEY" in file.read_text(errors="replace")] == []
    assert list(Path("/dev/shm").glob("*.pem")) == []  # noqa: S108 - where the edge writes them for a moment


def test_the_prober_tells_a_healthy_host_from_one_that_is_not_served(
    store: Store, client: Client, cloud: Access
) -> None:
    host, ssm = f"{store.mount}.example", aws.of(cloud).client("ssm")
    served = store.issue(host).lstrip("0")
    wait_until(lambda: client.served(host) == served)
    for name, url in (("well", f"https://{host}/healthz"), ("ill", f"https://nobody.{host}/healthz")):
        probe = {"url": url, "namespace": store.mount, "metric": "Healthy", "dimension": {"Probe": name}}
        ssm.put_parameter(Name=f"/{store.mount}/probes/{name}", Value=json.dumps(probe), Type="String")
    wait_until(lambda: lowest(cloud, store.mount, "well") and lowest(cloud, store.mount, "ill"))
    assert lowest(cloud, store.mount, "well") == [1.0]
    assert lowest(cloud, store.mount, "ill") == [0.0]
    for name in ("well", "ill"):
        ssm.delete_parameter(Name=f"/{store.mount}/probes/{name}")


def lowest(cloud: Access, namespace: str, probe: str) -> list[float]:
    """The metric's minimum over the last minutes, if it has data."""
    now = datetime.now(UTC)
    found = aws.of(cloud).client("cloudwatch").get_metric_statistics(
        Namespace=namespace, MetricName="Healthy", Dimensions=[{"Name": "Probe", "Value": probe}], Period=600,
        StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(minutes=5), Statistics=["Minimum"],
    )  # fmt: skip
    return [point["Minimum"] for point in found["Datapoints"]]
