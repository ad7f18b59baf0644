"""Secrets: names of their own, and the pipeline reads what the running system uses."""

from collections.abc import Iterator
from pathlib import Path

from provisioning_assets.backends import access, catalogue
from provisioning_assets.backends.secrets import ACME_ACCOUNT, certificate_secret, pending_secret
from provisioning_assets.engagement.document import real
from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.places import Wrong
from provisioning_assets.engagement.sections import FromEnvironment, FromFile


def secret_problems(environment: Environment) -> Iterator[Wrong]:
    """What breaks a rule of this file."""
    section = environment.secrets
    purposes = {secret.name: secret.purpose for secret in section.secrets}
    names = [each.name for each in environment.certificates.certificates]
    kept = {ACME_ACCOUNT, *map(certificate_secret, names), *map(pending_secret, names)}
    for position, secret in enumerate(section.secrets):
        place = ("secrets", "secrets", position)
        if secret.name in kept:
            what = f"{secret.name} is where the certificates keep something of their own"
            yield Wrong((*place, "name"), what, "another name")
        source = secret.source
        if isinstance(source, FromEnvironment) and _of_profiles(source.environment):
            what = f"{source.environment} is a variable that servers are reached with, not a secret of the engagement"
            yield Wrong((*place, "source", "environment"), what, "a variable of its own")
        if secret.rotate_every.total_seconds() <= 0:
            yield Wrong((*place, "rotate_every"), "the rotation period is not positive", "such as P90D")
    runtime = [name for name, purpose in purposes.items() if purpose == "runtime"]
    for position, name in enumerate(section.pipeline_reads):
        if name in runtime:
            continue
        what = f"`{name}` is the agency's, for the engagement" if name in purposes else f"there is no secret `{name}`"
        place = ("secrets", "pipeline_reads", position)
        yield Wrong(place, what, "a runtime secret:", choices=runtime, written=name)


def source_problems(environment: Environment, repository: Path) -> Iterator[Wrong]:
    """Files with first values, which may not come to be committed."""
    for position, secret in enumerate(environment.secrets.secrets):
        place = ("secrets", "secrets", position, "source", "file")
        if not isinstance(secret.source, FromFile):
            continue
        written = secret.source.file
        if not written.startswith(("/", "~/")):
            yield Wrong(place, f"{written} is another file in every folder", "a path that begins with `/` or `~/`")
        elif real(Path(written).expanduser()).is_relative_to(repository):
            yield Wrong(place, f"{written} lies inside the repository", "a file outside, which nobody can commit")


def _of_profiles(variable: str) -> bool:
    known = {*catalogue.variables(), *access.VARIABLES}
    return any(variable.startswith(each) if each.endswith("_") else variable == each for each in known)
