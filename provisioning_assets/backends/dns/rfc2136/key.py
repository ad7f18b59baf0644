"""Where dynamic updates go, and the key that signs them (TSIG, RFC 8945), from the environment's profile."""

import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

import dns.exception
import dns.tsig

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.addresses import host_port
from provisioning_assets.errors import Misdirected, ProviderFailed

ADDRESS = "RFC2136_NAMESERVER"
KEY_FILE = "RFC2136_TSIG_FILE"
ALGORITHMS = ("hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")

_PORT = 53
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_COMMENT = re.compile(r"(?<![^\s;{}])(?:/\*.*?\*/|(?://|#)[^\n]*)", re.DOTALL)  # base64 has // inside
_KEY = re.compile(r'\s*key\s+("?)(?P<name>[^\s"{};]+)\1\s*\{(?P<body>[^{}]*)\}\s*;?\s*')
_STATEMENT = re.compile(r'\s*(algorithm|secret)\s+("?)([^\s";]+)\2\s*;')


@dataclass(frozen=True, slots=True)
class NameServer:
    """A host, by name or address, and its port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A TSIG key and the file that it comes from. Its `repr` leaves out the secret."""

    name: str
    file: Path
    key: dns.tsig.Key = field(repr=False)
    """The key as dnspython takes it; its own `repr` shows the secret."""


def server_of(declared: str | None, access: Access) -> NameServer:
    """The profile's server. One that is declared must be the same, or nothing is sent to it."""
    own = access.get(ADDRESS)
    if declared is None:
        if own:
            return _parsed(own, access.name)
        remedy = f"set {ADDRESS} in the environment's profile"
        raise ProviderFailed("there is no address of the name server", where=access.name, remedy=remedy)
    if own and _parsed(own, access.name) == _parsed(declared, "the engagement file"):
        return _parsed(own, access.name)
    profile = f"{access.name} says {own}" if own else f"{access.name} has no {ADDRESS}"
    raise Misdirected(
        "nothing is sent to the name server: its address is not the profile's",
        [f"the engagement file says {declared}", profile],
        remedy=f"correct one of the two: updates go only where {ADDRESS} of the profile leads",
    )


def key_of(declared: str | None, access: Access) -> SigningKey | None:
    """The key in the profile's key file, which must have the declared name; None if neither is given."""
    named = access.get(KEY_FILE)
    if not named and declared:
        remedy = f"set {KEY_FILE} in the environment's profile to a file that tsig-keygen wrote"
        raise ProviderFailed(f"there is no TSIG key {declared}", where=access.name, remedy=remedy)
    if not named:
        return None
    file = access.folder / Path(named).expanduser()
    key = _key(_content(file), file)
    if declared and key.name != _plain(declared):
        raise ProviderFailed(
            f"the key file has the key {key.name}, and {declared} is declared",
            where=str(file),
            remedy=f"correct {KEY_FILE} of the profile, or `key` in the engagement file",
        )
    return key


def _parsed(text: str, where: str) -> NameServer:
    try:
        host, port = host_port(text)
    except ValueError as error:
        raise ProviderFailed(f"`{text}` is no name server", where=where, remedy=f"write {error}") from None
    return NameServer(host, port or _PORT)


def _content(file: Path) -> str:
    try:
        mode = file.stat().st_mode
        if mode & _FOR_OTHERS:
            cause = f"its mode is {stat.S_IMODE(mode):o}, and a secret is in it"
            remedy = f"chmod 600 {file}"
            raise ProviderFailed("the TSIG key file is open to others", where=str(file), cause=cause, remedy=remedy)
        # A decoding error must not quote the file's content.
        return file.read_bytes().decode("ascii", errors="replace")
    except OSError as error:
        why, remedy = error.strerror or type(error).__name__, f"correct {KEY_FILE} of the profile"
        raise ProviderFailed("the TSIG key file cannot be read", where=str(file), cause=why, remedy=remedy) from None


def _key(content: str, file: Path) -> SigningKey:
    """The single key in a file as tsig-keygen writes it. No error quotes the content."""
    found = _KEY.fullmatch(_COMMENT.sub(" ", content))
    if not found or _STATEMENT.sub("", found["body"]).strip():
        raise _malformed(file, "it is not one key of BIND's form")
    statements = {statement[1]: statement[3] for statement in _STATEMENT.finditer(found["body"])}
    if missing := {"algorithm", "secret"} - statements.keys():
        raise _malformed(file, f"it lacks the {' and the '.join(sorted(missing))}")
    if statements["algorithm"].lower() not in ALGORITHMS:
        raise ProviderFailed(
            f"the TSIG key has the algorithm {statements['algorithm']}",
            where=str(file),
            cause=f"known are {', '.join(ALGORITHMS)}",
            remedy="make a new key with tsig-keygen, and give it to the server as well",
        )
    try:
        key = dns.tsig.Key(found["name"].lower(), statements["secret"], statements["algorithm"].lower())
    except (ValueError, dns.exception.DNSException):
        raise _malformed(file, "the name is no name, or the secret is not base64") from None
    return SigningKey(_plain(found["name"]), file, key)


def _malformed(file: Path, cause: str) -> ProviderFailed:
    remedy = 'write it with tsig-keygen: key "NAME" { algorithm hmac-sha256; secret "BASE64"; };'
    return ProviderFailed("the TSIG key file is malformed", where=str(file), cause=cause, remedy=remedy)


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
