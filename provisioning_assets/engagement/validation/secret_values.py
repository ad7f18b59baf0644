"""Secret values have no place in a file: names and sources do."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.places import Place, Wrong, texts

_OWN = {
    "Vault Token": re.compile(r"\bhv[sb]\.[\w-]{20,}"),
    "Stripe Test Key": re.compile(r"\b[sr]k_(live|test)_\w{10,}"),
}
"""What the library does not know."""

_GUESSES = {"Base64 High Entropy String", "Hex High Entropy String", "Public IP (ipv4)", "Secret Keyword"}
"""Detectors that guess by how a text looks: what is meant for code takes half of an engagement file for a secret."""

_KEY = re.compile(
    r"(^|_|-)(value|password|passwd|passphrase|token|api_?key|private_?key|secret_?key|credentials?)$", re.IGNORECASE
)
_TOKEN = re.compile(r"(?<![\w:.-])[A-Za-z0-9+/=]{24,}(?![\w.-])")
_HEX = re.compile(r"(?<![\w:.-])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{32,}(?![\w.-])")
_BITS = 4.0
"""Entropy of a character from which on a token looks random; words and identifiers stay below."""

_EXPECTED = "the secret's name and source under `secrets`, its value in the secret store alone"


def secret_value_problems(content: Json) -> Iterator[Wrong]:
    """Texts that look like a secret; the message never repeats them."""
    for place, text in texts(content):
        if kind := _kind(place, text):
            yield Wrong(place, f"`{_key(place)}` holds what looks like {kind}", _EXPECTED)


def _kind(place: Place, text: str) -> str | None:
    for kind, found in _detectors().items():
        if found(text):
            return f"a secret ({kind})"
    if place[0] == "dns":  # public by nature: keys of DKIM, tokens that prove ownership
        return None
    if _KEY.search(_key(place)) and text and "${" not in text:
        return "a secret value"
    if _HEX.search(text) or any(_looks_random(token) for token in _TOKEN.findall(text)):
        return "a random secret"
    return None


@cache
def _detectors() -> Mapping[str, Callable[[str], object]]:
    """Kind of secret to what finds it: vendors' tokens and keys by their form."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class  # noqa: PLC0415 - 0.2 s

    classes: Mapping[str, Any] = get_mapping_from_secret_type_to_class()
    plugins = {kind: plugin() for kind, plugin in classes.items() if kind not in _GUESSES}
    own = {kind: pattern.search for kind, pattern in _OWN.items()}
    return {**own, **{kind: partial(_found, plugin) for kind, plugin in plugins.items()}}


def _found(plugin: Any, text: str) -> bool:
    return any(True for _ in plugin.analyze_string(text))


def _key(place: Place) -> str:
    return next((step for step in reversed(place) if isinstance(step, str)), "")


def _looks_random(token: str) -> bool:
    kinds = (str.isdigit, str.isupper, str.islower)
    if not all(any(kind(character) for character in token) for kind in kinds):
        return False
    counts = Counter(token)
    return -sum(n / len(token) * math.log2(n / len(token)) for n in counts.values()) >= _BITS
