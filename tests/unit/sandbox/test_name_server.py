"""The name server's answers, by the rules of RFC 1034, 2308 and 4592, from zones as Route 53 lists them."""

import pytest
from dnslib import QTYPE, RCODE, DNSRecord

from provisioning_assets.sandbox.name_server import FRESH, NEGATIVE_TTL, Authority, Zone

SOA = "ns-1.awsdns-1.net. hostmaster.awsdns.com. 1 7200 900 1209600 86400"


def rrset(name, kind, *values, ttl=300):
    return {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]}


def alias(name, kind, target):
    return {"Name": name, "Type": kind, "AliasTarget": {"DNSName": f"{target}."}}


SHOP = [
    rrset("shop.example", "SOA", SOA, ttl=900),
    rrset("shop.example", "NS", "ns-1.awsdns-1.net."),
    rrset("shop.example", "MX", "10 mail.shop.example"),
    rrset("shop.example", "CAA", '0 issue "letsencrypt.org"'),
    rrset("shop.example", "TXT", '"v=spf1 -all"', f'"{"a" * 255}" "bbb"'),
    rrset("www.shop.example", "A", "192.0.2.1", "192.0.2.2"),
    alias("shop.example", "A", "www.shop.example"),
    alias("lost.shop.example", "A", "nowhere.shop.example"),
    rrset("old.shop.example", "CNAME", "www.shop.example."),
    rrset("dangling.shop.example", "CNAME", "nowhere.shop.example."),
    rrset("away.shop.example", "CNAME", "cdn.example.net."),
    rrset("loop.shop.example", "CNAME", "loop.shop.example."),
    rrset("_sip._tcp.shop.example", "SRV", "1 2 5060 sip.shop.example."),
    rrset("*.tenants.shop.example", "A", "192.0.2.9"),
    rrset("own.tenants.shop.example", "TXT", '"own"'),
    rrset("odd.shop.example", "SPF", "not hexadecimal"),
]


class Shop:
    """Zones, as `Zones` finds them."""

    def holding(self, name, _since):
        zone = Zone("shop.example", {(each["Name"], each["Type"]): each for each in SHOP})
        return zone if zone.holds(name) else None


class Only:
    """One zone, whatever is asked for."""

    def __init__(self, zone):
        self.holding = lambda _name, _since: zone


class Away:
    def holding(self, _name, _since):
        from botocore.exceptions import EndpointConnectionError  # noqa: PLC0415 - what boto3 raises

        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


def ask(name, kind="A", zones=None):
    return Authority(zones or Shop()).resolve(DNSRecord.question(name, kind), None)


def said(reply):
    return [(str(rr.rname).rstrip("."), QTYPE[rr.rtype], str(rr.rdata), rr.ttl) for rr in reply.rr]


def test_an_answer_is_authoritative_and_holds_every_record():
    reply = ask("WWW.shop.example")
    assert reply.header.aa == 1
    assert sorted(said(reply)) == [("www.shop.example", "A", f"192.0.2.{n}", 300) for n in (1, 2)]


def test_mail_caa_and_service_records():
    assert said(ask("shop.example", "MX")) == [("shop.example", "MX", "10 mail.shop.example.", 300)]
    assert said(ask("shop.example", "CAA")) == [("shop.example", "CAA", '0 issue "letsencrypt.org"', 300)]
    assert said(ask("_sip._tcp.shop.example", "SRV"))[0][2] == "1 2 5060 sip.shop.example."


def test_a_long_text_is_several_strings_of_one_record():
    texts = [rr.rdata.data for rr in ask("shop.example", "TXT").rr]
    assert [b"v=spf1 -all"] in texts
    assert [b"a" * 255, b"bbb"] in texts


def test_an_alias_answers_with_its_targets_records_under_its_own_name():
    assert {name for name, *_ in said(ask("shop.example"))} == {"shop.example"}
    assert len(ask("shop.example").rr) == 2


def test_an_alias_without_target_is_no_data():
    reply = ask("lost.shop.example")
    assert (reply.rr, reply.header.rcode) == ([], RCODE.NOERROR)


def test_a_chain_is_followed_within_the_zone():
    assert [kind for _, kind, *_ in said(ask("old.shop.example"))] == ["CNAME", "A", "A"]
    assert [kind for _, kind, *_ in said(ask("old.shop.example", "CNAME"))] == ["CNAME"]


def test_a_chain_that_ends_at_a_missing_name_of_the_zone_says_so():
    """RFC 6604: the code is that of the chain's last name."""
    reply = ask("dangling.shop.example")
    assert [kind for _, kind, *_ in said(reply)] == ["CNAME"]
    assert reply.header.rcode == RCODE.NXDOMAIN
    assert reply.auth


def test_a_chain_that_leaves_the_zone_is_the_askers_to_follow():
    reply = ask("away.shop.example")
    assert reply.header.rcode == RCODE.NOERROR
    assert [value for *_, value, _ in said(reply)] == ["cdn.example.net."]


def test_a_loop_ends():
    assert ask("loop.shop.example").rr


def test_a_name_of_another_type_is_no_data_and_a_missing_one_nxdomain():
    for name, code in (("www.shop.example", RCODE.NOERROR), ("missing.shop.example", RCODE.NXDOMAIN)):
        reply = ask(name, "AAAA")
        assert (reply.rr, reply.header.rcode) == ([], code)
        assert QTYPE[reply.auth[0].rtype] == "SOA"
        assert reply.auth[0].ttl <= NEGATIVE_TTL
        assert reply.auth[0].rdata.times[4] <= NEGATIVE_TTL


def test_the_soa_tells_one_negative_ttl_asked_for_or_with_an_absence():
    asked = ask("shop.example", "SOA").rr[0]
    assert str(asked.rdata) == str(ask("missing.shop.example").auth[0].rdata)
    assert str(asked.rdata.mname) == "ns-1.awsdns-1.net."


def test_the_soa_of_a_new_zone_is_read_as_moto_shows_it():
    zone = Zone("new.example", {("new.example", "SOA"): rrset("new.example", "SOA", f"{{'Value': '{SOA}'}}", ttl=900)})
    reply = Authority(Only(zone)).resolve(DNSRecord.question("www.new.example"), None)
    assert reply.header.rcode == RCODE.NXDOMAIN
    assert str(reply.auth[0].rdata.mname) == "ns-1.awsdns-1.net."


def test_a_name_between_two_others_exists_without_data():
    assert ask("_tcp.shop.example").header.rcode == RCODE.NOERROR


def test_a_wildcard_covers_what_does_not_exist_at_any_depth():
    for name in ("a.tenants.shop.example", "a.b.tenants.shop.example"):
        assert said(ask(name)) == [(name, "A", "192.0.2.9", 300)]


def test_a_wildcard_does_not_cover_names_that_exist_nor_those_below_them():
    assert ask("own.tenants.shop.example").header.rcode == RCODE.NOERROR
    assert not ask("own.tenants.shop.example").rr
    assert ask("below.own.tenants.shop.example").header.rcode == RCODE.NXDOMAIN


def test_a_zone_that_is_not_here_is_refused():
    reply = ask("www.elsewhere.example")
    assert (reply.header.rcode, reply.header.aa) == (RCODE.REFUSED, 0)


def test_a_cloud_that_does_not_answer_is_a_failure_and_no_absence():
    assert ask("www.shop.example", zones=Away()).header.rcode == RCODE.SERVFAIL


class Kept:
    """What was kept for the first look, what is there for the second."""

    def __init__(self, *zones):
        self._zones, self.since = list(zones), []

    def holding(self, _name, since):
        self.since.append(since)
        return self._zones.pop(0)


def test_absence_is_never_told_from_what_was_kept():
    """Who asks right after publishing, as a certificate authority does, must not be denied it."""
    new = Zone("shop.example", {("a.shop.example", "A"): rrset("a.shop.example", "A", "192.0.2.1")})
    for kept in (None, Zone("shop.example", {("shop.example", "SOA"): rrset("shop.example", "SOA", SOA)})):
        zones = Kept(kept, new)
        assert len(ask("a.shop.example", zones=zones).rr) == 1
        assert zones.since[1] - zones.since[0] == pytest.approx(FRESH)


def test_a_record_that_no_wire_can_carry_is_a_failure_and_no_absence():
    assert ask("odd.shop.example", "SPF").header.rcode == RCODE.SERVFAIL


HANDED_OVER = [
    rrset("shop.example", "SOA", SOA, ttl=900),
    rrset("shop.example", "NS", "ns-1.awsdns-1.net."),
    rrset("sub.shop.example", "NS", "ns1.sub.shop.example.", "ns2.other.example.", ttl=60),
    rrset("ns1.sub.shop.example", "A", "192.0.2.7", ttl=90),
    rrset("deep.sub.shop.example", "TXT", '"nobody hears it"'),
    rrset("www.shop.example", "CNAME", "deep.sub.shop.example."),
]


@pytest.mark.parametrize("name", [f"{each}sub.shop.example" for each in ("", "ns1.", "deep.", "not-there.")])
@pytest.mark.parametrize("kind", ["NS", "A", "TXT"])
def test_what_is_handed_over_is_answered_by_a_referral_without_authority(name, kind):
    zone = Zone("shop.example", {(each["Name"], each["Type"]): each for each in HANDED_OVER})
    reply = ask(name, kind, Only(zone))
    assert (reply.header.aa, reply.header.rcode, said(reply)) == (0, RCODE.NOERROR, [])
    assert {(str(rr.rname), str(rr.rdata), rr.ttl) for rr in reply.auth} == {
        ("sub.shop.example.", "ns1.sub.shop.example.", 60), ("sub.shop.example.", "ns2.other.example.", 60),
    }  # fmt: skip
    assert [(str(rr.rname), str(rr.rdata), rr.ttl) for rr in reply.ar] == [("ns1.sub.shop.example.", "192.0.2.7", 90)]


def test_a_cname_into_what_is_handed_over_is_not_followed():
    zone = Zone("shop.example", {(each["Name"], each["Type"]): each for each in HANDED_OVER})
    reply = ask("www.shop.example", "TXT", Only(zone))
    assert (reply.header.aa, [each[1] for each in said(reply)]) == (1, ["CNAME"])
