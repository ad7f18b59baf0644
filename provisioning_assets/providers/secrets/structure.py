"""Mounts, policies and roles of an environment's secrets: least privilege, from the names alone."""

from collections.abc import Iterable

from provisioning_assets.plan import Attributes
from provisioning_assets.spec.sections import Secrets

PURPOSES = {
    "runtime": "what the running system uses",
    "engagement": "what the agency uses until hand-off",
}


def desired_structure(engagement: str, environment: str, section: Secrets) -> dict[str, Attributes]:
    """Address to attributes, as `SecretStore.read_structure` shows them."""
    scope = f"{engagement}-{environment}"
    reads = (f"{scope}-runtime/data/{name}" for name in section.pipeline_reads)
    pipeline, agency = f"{scope}-pipeline", f"{scope}-agency"
    whole = (f"{scope}-engagement/data/*", f"{scope}-engagement/metadata/*")
    mounts: dict[str, Attributes] = {
        f"mount {scope}-{purpose}": {"type": "kv", "version": "2", "description": f"{scope}: {what}"}
        for purpose, what in PURPOSES.items()
    }
    return {
        **mounts,
        f"policy {pipeline}": {"rules": _rules(reads)},
        f"policy {agency}": {"rules": _rules(whole)},
        f"role {pipeline}": {"policies": [pipeline], "token_ttl": 600, "token_max_ttl": 1800},
    }


def _rules(paths: Iterable[str]) -> str:
    return "\n".join(f'path "{path}" {{ capabilities = ["read"] }}' for path in sorted(paths))
