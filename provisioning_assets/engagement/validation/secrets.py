"""Secrets: names of their own, and the pipeline reads what the running system uses."""

from collections.abc import Iterator

from provisioning_assets.backends.secrets import ACME_ACCOUNT, certificate_secret
from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.places import Wrong


def secret_problems(environment: Environment) -> Iterator[Wrong]:
    """What breaks a rule of this file."""
    section = environment.secrets
    purposes = {secret.name: secret.purpose for secret in section.secrets}
    kept = {ACME_ACCOUNT, *(certificate_secret(each.name) for each in environment.certificates.certificates)}
    for position, secret in enumerate(section.secrets):
        place = ("secrets", "secrets", position)
        if secret.name in kept:
            what = f"{secret.name} is where the certificates keep something of their own"
            yield Wrong((*place, "name"), what, "another name")
        if secret.rotate_every.total_seconds() <= 0:
            yield Wrong((*place, "rotate_every"), "the rotation period is not positive", "such as P90D")
    runtime = [name for name, purpose in purposes.items() if purpose == "runtime"]
    for position, name in enumerate(section.pipeline_reads):
        if name in runtime:
            continue
        what = f"`{name}` is the agency's, for the engagement" if name in purposes else f"there is no secret `{name}`"
        place = ("secrets", "pipeline_reads", position)
        yield Wrong(place, what, "a runtime secret:", choices=runtime, written=name)
