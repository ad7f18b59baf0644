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
    ("policies", "problem"),
    [
        (["v=spf1 -all", "v=spf1 ~all"], "there are 2 policies"),
        (["v=spf1 ipv4:192.0.2.1 -all"], "`ipv4:192.0.2.1` is no mechanism"),
        (["v=spf1 ip4:192.0.2.300 -all"], "`ip4:192.0.2.300` holds no network"),
        (["v=spf1 ip6:192.0.2.0/24 -all"], "holds no network"),
        (["v=spf1 include: -all"], "`include:` is no mechanism"),
        (["v=spf1 +all"], "lets everybody send"),
        (["v=spf1 all"], "lets everybody send"),
        (["v=spf1 mx"], "ends without `all`"),
        (["v=spf1 " + "include:a.example " * 11 + "-all"], "11 terms need a look-up, allowed are 10"),
        (["v=spf1 a mx " + "include:a.example " * 8 + "redirect=b.example"], "11 terms"),
        (["v=spf -all"], "does not begin with `v=spf1 `"),
        (["v=spf1;-all"], "does not begin with `v=spf1 `"),
    ],
)
def test_spf_that_they_do_not(policies: list[str], problem: str) -> None:
    found = judge("shop.example", "TXT", policies)
    assert found is not None
    assert found.startswith("SPF: ")
    assert problem in found


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (f"v=DKIM1; k=rsa; p={RSA}", None),
        (f"p={RSA};", None),
        (f"v=DKIM1; k=ed25519; p={ED25519}", None),
        (f"k=rsa; v=DKIM1; p={RSA}", "does not begin with `v=DKIM1`"),
        (f"v=DKIM2; p={RSA}", "does not begin with `v=DKIM1`"),
        ("v=DKIM1; k=rsa", "there is no `p=`"),
        ("v=DKIM1; p=", "the key is revoked"),
        (f"v=DKIM1; p={RSA[:-8]}", "is no public key"),
        ("v=DKIM1; p=%%%", "is no public key"),
        (f"v=DKIM1; k=rsa; p={EC}", "is no public key of the kind `rsa`"),
        (f"v=DKIM1; k=ed25519; p={RSA}", "is no Ed25519 public key"),
        (f"v=DKIM1; p={WEAK}", "has 768 bits"),
        (f"v=DKIM1 p={RSA}", "does not begin with `v=DKIM1`"),
        (f"v=DKIM1; p={RSA}; p={RSA}", "stands there twice"),
    ],
)
def test_dkim(record: str, problem: str | None) -> None:
    found = judge("mail2026._domainkey.shop.example", "TXT", [record])
    assert (found is None) if problem is None else (problem in str(found))


@pytest.mark.parametrize(
    ("policies", "problem"),
    [
        (["v=DMARC1; p=none"], None),
        (["v=DMARC1; p=reject; sp=quarantine; np=reject; adkim=s; aspf=r; fo=1:d; t=y; psd=u"], None),
        (["v=DMARC1; p=none; rua=mailto:a@b.example, mailto:c@d.example;"], None),
        (["v=DMARC1; p=none; pct=50"], "`pct=` was removed by RFC 9989"),
        (["v=DMARC1; p=none; ri=3600"], "removed"),
        (["v=DMARC1; p=strict"], "`p=strict` is no value"),
        (["v=DMARC1; p=none; rua=a@b.example"], "is no value"),
        (["v=DMARC1; p=none; policy=x"], "`policy=` is no tag"),
        (["v=DMARC1; rua=mailto:a@b.example"], "there is no `p=`"),
        (["v=DMARC1, p=none"], "does not begin with"),
        (["p=none; v=DMARC1"], "there are 0 policies"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "there are 2 policies"),
        (["v=DMARC1; p=none; ;"], "is no `tag=value`"),
    ],
)
def test_dmarc(policies: list[str], problem: str | None) -> None:
    found = judge("_dmarc.shop.example", "TXT", policies)
    assert (found is None) if problem is None else (problem in str(found))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ('0 issue "letsencrypt.org"', None),
        ('0 issue "letsencrypt.org; validationmethods=dns-01"', None),
        ('0 issuewild ";"', None),
        ('128 issuemail "ca.example"', None),
        ('0 iodef "mailto:security@shop.example"', None),
        ('0 iodef "security@shop.example"', "is no address"),
        ('0 issue "lets encrypt"', "is no domain of an authority"),
        ('1 issue "letsencrypt.org"', "is not flags"),
        ('128 isue "letsencrypt.org"', "authorities do not know `isue`"),
    ],
)
def test_caa(value: str, problem: str | None) -> None:
    found = judge("shop.example", "CAA", ['0 issue "letsencrypt.org"', value])
    assert (found is None) if problem is None else (problem in str(found))


def test_other_records_have_no_policy_to_judge() -> None:
    assert judge("shop.example", "TXT", ["site-verification=1"]) is None
    assert judge("shop.example", "A", ["192.0.2.1"]) is None
