"""Secret values have no place in a file: names and sources do."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from provisioning_assets.engagement.document import Document, Place
from provisioning_assets.errors import Problem

_KNOWN = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"), "a private key"),
    (re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"), "an AWS access key"),
    (re.compile(r"\b(gh[pousr]_\w{20,}|github_pat_\w{20,})"), "a GitHub token"),
    (re.compile(r"\bglpat-[\w-]{16,}"), "a GitLab token"),
    (re.compile(r"\b[sr]k_(live|test)_\w{10,}"), "a Stripe key"),
    (re.compile(r"\bxox[abprs]-[\w-]{10,}"), "a Slack token"),
    (re.compile(r"\bhv[sb]\.[\w-]{20,}"), "a Vault token"),
    (re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}"), "a JSON Web Token"),
    (re.compile(r"://[^/\s:@]+:[^/\s:@]+@"), "a password in a URL"),
)
_KEY = re.compile(
    r"(^|_|-)(value|password|passwd|passphrase|token|api_?key|private_?key|secret_?key|credentials?)$", re.IGNORECASE
)
_TOKEN = re.compile(r"(?<![\w:.-])[A-Za-z0-9+/=]{24,}(?![\w.-])")
_HEX = re.compile(r"(?<![\w:.-])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{32,}(?![\w.-])")
_BITS = 4.0
"""Entropy of a character from which on a token looks random; words and identifiers stay below."""

_EXPECTED = "the secret's name and source under `secrets`, its value in the secret store alone"


def in_document(document: Document) -> Iterator[Problem]:
    """Texts that look like a secret; the message never repeats them."""
    for place, text in document.texts():
        if kind := _kind(place, text):
            yield document.problem(place, f"`{_key(place)}` holds what looks like {kind}", _EXPECTED)


def _kind(place: Place, text: str) -> str | None:
    for pattern, kind in _KNOWN:
        if pattern.search(text):
            return kind
    if place[0] == "dns":  # public by nature: keys of DKIM, tokens that prove ownership
        return None
    if _KEY.search(_key(place)) and text and "${" not in text:
        return "a secret value"
    if _HEX.search(text) or any(_looks_random(token) for token in _TOKEN.findall(text)):
        return "a random secret"
    return None


def _key(place: Place) -> str:
    return next((step for step in reversed(place) if isinstance(step, str)), "")


def _looks_random(token: str) -> bool:
    kinds = (str.isdigit, str.isupper, str.islower)
    if not all(any(kind(character) for character in token) for kind in kinds):
        return False
    counts = Counter(token)
    return -sum(n / len(token) * math.log2(n / len(token)) for n in counts.values()) >= _BITS
