"""Secret values have no place in a file: names and sources do."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.places import Place, Wrong, texts
from provisioning_assets.errors import Problem

_OWN = {
    "Vault Token": re.compile(r"\bhv[sb]\.[\w-]{20,}"),
    "Stripe Test Key": re.compile(r"\b[sr]k_(live|test)_\w{10,}"),
    "TSIG Key": re.compile(r"(?<![\w-])hmac-[a-z0-9-]+:[^\s:]+:\S{8,}"),
    "User and Password": re.compile(r"(?<![\w.+-])(?!(mailto|sips?|xmpp|acct):)[\w.+-]+:[^\s:@]+@(?!sha\d+:)"),
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

_TELLING = 6
"""Characters; a shorter text is found in too many messages."""

_EXPECTED = "the secret's name and source under `secrets`, its value in the secret store alone"


def secret_value_problems(content: Json) -> Iterator[Wrong]:
    """Texts that look like a secret; the message never repeats them."""
    for place, text in texts(content):
        if kind := looks_like(place, text):
            yield Wrong(place, f"`{_key(place)}` holds what looks like {kind}", _EXPECTED)


def without_secrets(problems: Iterable[Problem], content: Json) -> list[Problem]:
    """The problems of a file; a secret that one of them would repeat at another place is left out."""
    held = [text for place, text in texts(content) if len(text) >= _TELLING and looks_like(place, text)]
    if not held:
        return list(problems)
    secret = re.compile("|".join(map(re.escape, sorted(held, key=len, reverse=True))), re.IGNORECASE)
    return [replace(p, what=secret.sub("…", p.what), expected=secret.sub("…", p.expected)) for p in problems]


def looks_like(place: Place, text: str) -> str | None:
    """The kind of secret that a text of the file looks like; whoever speaks of the text asks before repeating it."""
    for kind, found in _detectors().items():
        if found(text):
            return f"a secret ({kind})"
    if place[:2] == ("dns", "records"):  # public by nature: keys of DKIM, tokens that prove ownership
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
