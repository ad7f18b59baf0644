"""Policy records (SPF, DKIM, DMARC, CAA), read as a mail server or a certificate authority reads them.

Only the policy itself is judged. What it includes from other zones is their owners' business, and is not looked up.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

SPF_LOOKUPS = 10
"""Largest number of terms that cause a DNS look-up (RFC 7208, 4.6.4)."""

_RSA_BITS = 1024
_ED25519_BYTES = 32
_LOOKING_UP = {"include", "a", "mx", "ptr", "exists", "redirect"}
_NAME = r"[A-Za-z0-9_%{}.*-]+"
_SPF_TERM = re.compile(
    rf"(?P<qualifier>[-+?~]?)(?:(?P<plain>all)|(?P<lookup>include|exists):{_NAME}"
    rf"|(?P<host>a|mx|ptr)(?::{_NAME})?(?:/\d+)?(?://\d+)?|ip[46]:(?P<network>[0-9A-Fa-f.:/]+))"
    rf"|(?P<modifier>redirect|exp)={_NAME}",
    re.IGNORECASE,
)
_CHOICE = {"p": r"none|quarantine|reject", "adkim": r"[rs]", "aspf": r"[rs]", "t": r"[yn]", "psd": r"[ynu]"}
_MAILBOXES = r"mailto:[^,\s!]+@[^,\s!]+(,\s*mailto:[^,\s!]+@[^,\s!]+)*"
_DMARC = {
    **_CHOICE,
    "sp": _CHOICE["p"],
    "np": _CHOICE["p"],
    "fo": r"[01ds](:[01ds])*",
    "rua": _MAILBOXES,
    "ruf": _MAILBOXES,
}
_DMARC_REMOVED = {"pct", "rf", "ri"}
_CAA = re.compile(r'(?P<flags>\d+) (?P<tag>[A-Za-z0-9]+) "(?P<value>[^"]*)"')
_ISSUER = re.compile(r"\s*([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)?\s*(;.*)?")


def judge(name: str, kind: str, values: Sequence[str]) -> str | None:
    """Why the readers of an RRset would reject it as a policy; None when they accept it, or it is no policy."""
    if kind == "CAA":
        return next(filter(None, map(_caa, values)), None)
    if kind != "TXT":
        return None
    if name.startswith("_dmarc."):
        return _only("DMARC", _dmarc, [value for value in values if re.match(r"v\s*=\s*DMARC1\b", value)])
    if "._domainkey." in name:
        return _only("DKIM", _dkim, values)
    policies = [value for value in values if re.match(r"v=spf1( |$)", value, re.IGNORECASE)]
    return _only("SPF", _spf, policies) if policies else _nearly_spf(values)


def _only(what: str, rule: Callable[[str], str | None], values: Sequence[str]) -> str | None:
    if len(values) != 1:
        return f"{what}: there are {len(values)} policies at this name, and readers want exactly one"
    problem = rule(values[0])
    return f"{what}: {problem}" if problem else None


def _nearly_spf(values: Sequence[str]) -> str | None:
    near = next((value for value in values if value.lower().lstrip().startswith("v=spf")), None)
    return f"SPF: {near!r} does not begin with `v=spf1 `" if near else None


def _spf(policy: str) -> str | None:
    lookups, ends = 0, False
    for term in policy.split()[1:]:
        found = _SPF_TERM.fullmatch(term)
        if found is None:
            return f"`{term}` is no mechanism or modifier"
        kind = next((found[group] for group in ("plain", "lookup", "host", "modifier") if found[group]), "").lower()
        if kind == "all" and found["qualifier"] in {"", "+"}:
            return "`+all` lets everybody send mail in this name"
        if found["network"] and not _network(found["network"], term):
            return f"`{term}` holds no network"
        lookups += kind in _LOOKING_UP
        ends = ends or kind in {"all", "redirect"}
    if lookups > SPF_LOOKUPS:
        return f"{lookups} terms need a look-up, allowed are {SPF_LOOKUPS}"
    return None if ends else "it ends without `all` or `redirect`, which says nothing about other senders"


def _network(network: str, term: str) -> bool:
    try:
        return ipaddress.ip_network(network, strict=False).version == (4 if "ip4:" in term.lower() else 6)
    except ValueError:
        return False


def _dkim(record: str) -> str | None:
    tags = _tags(record)
    if isinstance(tags, str):
        return tags
    if tags.get("v", "DKIM1") != "DKIM1" or ("v" in tags and next(iter(tags)) != "v"):
        return "it does not begin with `v=DKIM1`"
    if "p" not in tags:
        return "there is no `p=`, the public key"
    if not tags["p"]:
        return "`p=` is empty: the key is revoked"
    return _public_key(tags["p"], tags.get("k", "rsa"))


def _public_key(encoded: str, kind: str) -> str | None:
    """What is wrong with a key: RSA as SubjectPublicKeyInfo (RFC 6376), Ed25519 as 32 bytes (RFC 8463)."""
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
        if kind == "ed25519":
            return None if len(content) == _ED25519_BYTES else "`p=` is no Ed25519 public key"
        key = load_der_public_key(content)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return "`p=` is no public key"
    if kind != "rsa" or not isinstance(key, RSAPublicKey):
        return f"`p=` is no public key of the kind `{kind}`"
    return None if key.key_size >= _RSA_BITS else f"its RSA key has {key.key_size} bits: receivers ignore it"


def _dmarc(policy: str) -> str | None:
    """What is wrong with the tags, by RFC 9989, which dropped `pct`, `rf` and `ri`."""
    tags = _tags(policy)
    if isinstance(tags, str):
        return tags
    if tags.get("v") != "DMARC1" or next(iter(tags)) != "v":
        return "it does not begin with `v=DMARC1`"
    if "p" not in tags:
        return "there is no `p=`: it asks receivers for nothing"
    return next(filter(None, (_dmarc_tag(tag, value) for tag, value in tags.items() if tag != "v")), None)


def _dmarc_tag(tag: str, value: str) -> str | None:
    if tag in _DMARC_REMOVED:
        return f"`{tag}=` was removed by RFC 9989: receivers do not heed it"
    if tag not in _DMARC:
        return f"`{tag}=` is no tag"
    known = re.fullmatch(_DMARC[tag], value, re.IGNORECASE)
    return None if known else f"`{tag}={value}` is no value that receivers know"


def _tags(record: str) -> Mapping[str, str] | str:
    """A list of `tag=value` separated by semicolons (RFC 6376, 3.2), or what is wrong with it."""
    tags: dict[str, str] = {}
    for part in record.rstrip().removesuffix(";").split(";"):
        tag, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", tag):
            return f"`{part.strip()}` is no `tag=value`"
        if tag in tags:
            return f"`{tag}=` stands there twice"
        tags[tag] = value
    return tags


def _caa(value: str) -> str | None:
    found = _CAA.fullmatch(value)
    if found is None or found["flags"] not in {"0", "128"}:
        return f"CAA: `{value}` is not flags (0 or 128), tag and a quoted value"
    tag, said = found["tag"].lower(), found["value"]
    if tag in {"issue", "issuewild", "issuemail"}:
        return None if _ISSUER.fullmatch(said) else f"CAA: `{said}` is no domain of an authority"
    if tag == "iodef":
        return None if said.startswith(("mailto:", "https://", "http://")) else f"CAA: `{said}` is no address"
    return f"CAA: authorities do not know `{tag}`, and issue nothing" if found["flags"] == "128" else None
