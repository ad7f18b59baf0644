"""Mounts, policies and roles of an environment's secrets: least privilege, from the names alone."""

from collections.abc import Iterable

from provisioning_assets.backends.secrets import PURPOSES, mount
from provisioning_assets.core.plan import Attributes
from provisioning_assets.engagement.sections import Secrets

GIVE_BACK = 'path "auth/token/revoke-self" { capabilities = ["update"] }'
"""Whoever logged in can end its own session; without the server's default policy it needs saying."""


def desired_structure(scope: str, section: Secrets) -> dict[str, Attributes]:
    """Address to attributes, as `SecretStore.read_structure` shows them.

    The pipeline reads exactly what is listed, so neither private keys of certificates, which lie in
    the same mount, nor anything engagement-time. The agency reads and lists the engagement mount.
    """
    pipeline, agency, private = f"{scope}-pipeline", f"{scope}-agency", mount(scope, "engagement")
    listed = [_rule(f"{mount(scope, 'runtime')}/data/{name}", "read") for name in section.pipeline_reads]
    whole = [_rule(f"{private}/data/*", "read"), _rule(f"{private}/metadata/*", "list", "read")]
    mounts: dict[str, Attributes] = {
        f"mount {mount(scope, purpose)}": {"type": "kv", "version": "2", "description": f"{scope}: {what}"}
        for purpose, what in PURPOSES.items()
    }
    return {
        **mounts,
        f"policy {pipeline}": {"rules": _rules(listed)},
        f"policy {agency}": {"rules": _rules(whole)},
        f"role {pipeline}": {
            "policies": [pipeline],
            "bind_secret_id": True,
            "secret_id_bound_cidrs": [],
            "secret_id_num_uses": 1,
            "secret_id_ttl": 600,
            "token_bound_cidrs": [],
            "token_explicit_max_ttl": 0,
            "token_max_ttl": 1800,
            "token_no_default_policy": True,
            "token_num_uses": 0,
            "token_period": 0,
            "token_ttl": 600,
            "token_type": "default",
        },
    }


def _rule(path: str, *capabilities: str) -> str:
    named = ", ".join(f'"{each}"' for each in capabilities)
    return f'path "{path}" {{ capabilities = [{named}] }}'


def _rules(rules: Iterable[str]) -> str:
    return "\n".join(sorted([*rules, GIVE_BACK]))
