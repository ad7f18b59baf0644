"""Records that are policies: what their readers make of them, and which part they stumble over."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from provisioning_assets.probes.mail import judge

Public = serialization.PublicFormat


def encoded(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    spki = key.public_bytes(serialization.Encoding.DER, Public.SubjectPublicKeyInfo)
    return base64.b64encode(spki).decode()


RSA = encoded(rsa.generate_private_key(65537, 2048).public_key())
WEAK = encoded(rsa.RSAPublicNumbers(65537, 2**767 + 1).public_key())
EC = encoded(ec.derive_private_key(4711, ec.SECP256R1()).public_key())
ED25519 = base64.b64encode(
    ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    .public_key()
    .public_bytes(serialization.Encoding.Raw, Public.Raw)
).decode()


@pytest.mark.parametrize(
    "policy",
    [
        "v=spf1 -all",
        "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:_spf.mail.example ~all",
        "v=spf1 a mx:mail.example a:host.example/24//64 ?exists:%{i}._spf.example -all",
        "V=SPF1 redirect=_spf.mail.example",
        "v=spf1 " + "include:a.example " * 10 + "-all",
    ],
)
def test_spf_that_receivers_understand(policy: str) -> None:
    assert judge("shop.example", "TXT", [policy, "site-verification=1"]) is None


@pytest.mark.parametrize(
    ("policies", "named"),
    [
        (["v=spf1 -all", "v=spf1 ~all"], "2 "),
        (["v=spf1 ipv4:192.0.2.1 -all"], "`ipv4:192.0.2.1`"),
        (["v=spf1 ip4:192.0.2.300 -all"], "`ip4:192.0.2.300`"),
        (["v=spf1 ip6:192.0.2.0/24 -all"], "`ip6:192.0.2.0/24`"),
        (["v=spf1 include: -all"], "`include:`"),
        (["v=spf1 +all"], "`+all`"),
        (["v=spf1 all"], "`+all`"),
        (["v=spf1 mx"], "`all` or `redirect`"),
        (["v=spf1 " + "include:a.example " * 11 + "-all"], "11 "),
        (["v=spf1 a mx " + "include:a.example " * 8 + "redirect=b.example"], "11 "),
        (["v=spf -all"], "`v=spf1 `"),
        (["v=spf1;-all"], "`v=spf1 `"),
    ],
)
def test_spf_that_they_do_not(policies: list[str], named: str) -> None:
    found = judge("shop.example", "TXT", policies)
    assert found is not None
    assert found.startswith("SPF: ")
    assert named in found


@pytest.mark.parametrize(
    ("record", "named"),
    [
        (f"v=DKIM1; k=rsa; p={RSA}", None),
        (f"p={RSA};", None),
        (f"v=DKIM1; k=ed25519; p={ED25519}", None),
        (f"k=rsa; v=DKIM1; p={RSA}", "`v=DKIM1`"),
        (f"v=DKIM2; p={RSA}", "`v=DKIM1`"),
        ("v=DKIM1; k=rsa", "`p=`"),
        ("v=DKIM1; p=", "`p=`"),
        (f"v=DKIM1; p={RSA[:-8]}", "`p=`"),
        ("v=DKIM1; p=%%%", "`p=`"),
        (f"v=DKIM1; k=rsa; p={EC}", "`rsa`"),
        (f"v=DKIM1; k=ed25519; p={RSA}", "`p=`"),
        (f"v=DKIM1; p={WEAK}", "768 "),
        (f"v=DKIM1 p={RSA}", "`v=DKIM1`"),
        (f"v=DKIM1; p={RSA}; p={RSA}", "`p=`"),
    ],
)
def test_dkim(record: str, named: str | None) -> None:
    found = judge("mail2026._domainkey.shop.example", "TXT", [record])
    assert (found is None) if named is None else (named in str(found))


@pytest.mark.parametrize(
    ("policies", "named"),
    [
        (["v=DMARC1; p=none"], None),
        (["v=DMARC1; p=reject; sp=quarantine; np=reject; adkim=s; aspf=r; fo=1:d; t=y; psd=u"], None),
        (["v=DMARC1; p=none; rua=mailto:a@b.example, mailto:c@d.example;"], None),
        (["v=DMARC1; p=none; pct=50"], "`pct=`"),
        (["v=DMARC1; p=none; ri=3600"], "`ri=`"),
        (["v=DMARC1; p=strict"], "`p=strict`"),
        (["v=DMARC1; p=none; rua=a@b.example"], "`rua=a@b.example`"),
        (["v=DMARC1; p=none; policy=x"], "`policy=`"),
        (["v=DMARC1; rua=mailto:a@b.example"], "`p=`"),
        (["v=DMARC1, p=none"], "`v=DMARC1`"),
        (["p=none; v=DMARC1"], "0 "),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "2 "),
        (["v=DMARC1; p=none; ;"], "`tag=value`"),
    ],
)
def test_dmarc(policies: list[str], named: str | None) -> None:
    found = judge("_dmarc.shop.example", "TXT", policies)
    assert (found is None) if named is None else (named in str(found))


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ('0 issue "letsencrypt.org"', None),
        ('0 issue "letsencrypt.org; validationmethods=dns-01"', None),
        ('0 issuewild ";"', None),
        ('128 issuemail "ca.example"', None),
        ('0 iodef "mailto:security@shop.example"', None),
        ('0 iodef "security@shop.example"', "`security@shop.example`"),
        ('0 issue "lets encrypt"', "`lets encrypt`"),
        ('1 issue "letsencrypt.org"', "`1 issue"),
        ('128 isue "letsencrypt.org"', "`isue`"),
    ],
)
def test_caa(value: str, named: str | None) -> None:
    found = judge("shop.example", "CAA", ['0 issue "letsencrypt.org"', value])
    assert (found is None) if named is None else (named in str(found))


def test_other_records_have_no_policy_to_judge() -> None:
    assert judge("shop.example", "TXT", ["site-verification=1"]) is None
    assert judge("shop.example", "A", ["192.0.2.1"]) is None
