"""A grant as the text of a policy, one rule per line, and a policy's text as a grant."""

import re
from collections.abc import Mapping, Sequence

from provisioning_assets.backends.secrets import ALL, PURPOSES, Place, Purpose
from provisioning_assets.backends.secrets.openbao.places import mount
from provisioning_assets.core.plan import Attributes
from provisioning_assets.errors import ApplyFailed

GIVE_BACK = 'path "auth/token/revoke-self" { capabilities = ["update"] }'
"""Lets a log-in end its own session; without the server's default policy, a rule must say so."""

_NAME = re.compile(r"[\w.-]+(/[\w.-]+)*", re.ASCII)
_READS = re.compile(r'path "(?P<mount>[^"/]+)/data/(?P<name>[^"]+)" \{ capabilities = \["read"\] \}')


def rules(scope: str, grant: Attributes) -> str:
    """The policy that allows exactly what the grant names; raises for a name that would allow more."""
    read = [_read(Place(scope, purpose), name) for purpose, names in grant["reads"].items() for name in _plain(names)]
    listed = [_list(Place(scope, purpose)) for purpose in grant["lists"]]
    return "\n".join(sorted([*read, *listed, GIVE_BACK]))


def grant_of(scope: str, text: str) -> tuple[dict[Purpose, str | list[str]], list[Purpose], list[str]]:
    """What a policy allows to read, what it allows to list, and its other rules."""
    # Indentation and empty lines make no difference; within a line every blank counts.
    lines = {line for line in (line.strip() for line in text.splitlines()) if line}
    places: Mapping[str, Place] = {mount(place): place for place in (Place(scope, purpose) for purpose in PURPOSES)}
    listed = {_list(place): place.purpose for place in places.values()}
    reads: dict[Purpose, str | list[str]] = {}
    otherwise = [] if GIVE_BACK in lines else ["whoever logged in may not end its own session"]
    for line in sorted(lines - listed.keys() - {GIVE_BACK}):
        rule = _READS.fullmatch(line)
        place = places.get(rule["mount"]) if rule else None
        if rule and place and rule["name"] == "*":
            reads[place.purpose] = ALL
        elif rule and place and _NAME.fullmatch(rule["name"]) and reads.get(place.purpose) != ALL:
            reads[place.purpose] = [*reads.get(place.purpose, []), rule["name"]]
        else:
            otherwise.append(f"its policy has one more rule: {line}")
    return reads, sorted(listed[line] for line in lines & listed.keys()), otherwise


def _plain(names: str | Sequence[str]) -> list[str]:
    if names == ALL:
        return [ALL]
    for name in names:
        if not _NAME.fullmatch(name):
            raise ApplyFailed(f"no policy can open “{name}” and nothing else", remedy="give the secret a plain name")
    return list(names)


def _read(place: Place, name: str) -> str:
    return f'path "{mount(place)}/data/{name}" {{ capabilities = ["read"] }}'


def _list(place: Place) -> str:
    return f'path "{mount(place)}/metadata/*" {{ capabilities = ["list", "read"] }}'
