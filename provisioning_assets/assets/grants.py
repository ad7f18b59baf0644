"""Places and grants that an environment's secrets need."""

from provisioning_assets.backends.secrets import ALL, PURPOSES
from provisioning_assets.core.plan import Attributes
from provisioning_assets.engagement.sections import Secrets

PIPELINE = "pipeline"


def desired_grants(section: Secrets) -> dict[str, Attributes]:
    """Places and grants: least privilege, from the names alone.

    The pipeline reads exactly what is listed: no private keys of certificates, which lie in the same place, and no
    engagement-time secret. The agency reads and lists every engagement-time secret.
    """
    places: dict[str, Attributes] = {f"place {purpose}": {"otherwise": []} for purpose in PURPOSES}
    listed = {"runtime": sorted(set(section.pipeline_reads))}
    return {
        **places,
        f"grant {PIPELINE}": {"reads": listed, "lists": [], "logs_in": True, "otherwise": []},
        "grant agency": {
            "reads": {"engagement": ALL},
            "lists": ["engagement"],
            "logs_in": False,
            "otherwise": [],
        },
    }
