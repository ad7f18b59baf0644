"""Secrets: populated once, and readable only by those who need them."""

from collections.abc import Mapping, Sequence

from provisioning_assets.assets.grants import PIPELINE, desired_grants
from provisioning_assets.backends.secrets import (
    ACME_ACCOUNT,
    PURPOSES,
    Place,
    Purpose,
    Stored,
    certificate_secret,
    pending_secret,
)
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.core.plan import Action, Attributes, Change
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.sections import Secret
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.declared import Declared, equals_declared
from provisioning_assets.runs.initial_values import initial_value, require_initial_values
from provisioning_assets.runs.task import Task, inputs, readiness_item, section


def target(run: AssetRun) -> Declared:
    """Places and grants as declared; each secret has a value and its description.

    A description (owner, purpose, rotation) follows the engagement file; a value is never replaced.
    """
    section, store, scope = run.environment.secrets, run.backend(Kind.SECRETS), run.scope
    declared = {f"secret {each.purpose}/{each.name}": each for each in section.secrets}

    def desired() -> Mapping[str, Attributes]:
        return {**desired_grants(section), **{address: _description(each) for address, each in declared.items()}}

    def read() -> Mapping[str, Attributes]:
        found = {address: store.find(Place(scope, each.purpose), each.name) for address, each in declared.items()}
        there = {address: stored.metadata for address, stored in found.items() if stored}
        return {**store.read_grants(scope), **there}

    def write(changes: Sequence[Change]) -> None:
        store.write_grants(scope, [change for change in changes if change.address not in declared])
        for change in changes:
            if change.address not in declared:
                continue
            each = declared[change.address]
            place = Place(scope, each.purpose)
            if change.action is Action.CREATE:
                store.create(place, each.name, {"value": initial_value(each, run.access.given)}, _description(each))
            else:
                store.describe(place, each.name, _description(each))

    return Declared(desired, read, write, stateful=lambda address: address.startswith("place "))


def _description(secret: Secret) -> dict[str, str]:
    """What is kept beside the value, for people and for rotation."""
    return {"owner": secret.owner, "purpose": secret.purpose, "rotate_every_days": str(secret.rotate_every.days)}


@readiness_item(review_item=4)
def secrets_have_not_drifted(run: AssetRun) -> Finding:
    """Places and grants are as declared, and every declared secret is stored with its description.

    Red names what differs, including anything that gives more access than was granted. Apply to restore it.
    """
    return equals_declared(run, target(run))


@readiness_item(review_item=4)
def secrets_are_populated(run: AssetRun) -> Finding:
    """Every declared secret is stored with its owner and a non-empty value, and no undeclared secret is stored.

    Each value is read, tested for being empty, and discarded. Red names each secret and what is wrong with it. Apply to
    store a missing value; declare or delete an undeclared secret.
    """
    section, store = run.environment.secrets, run.backend(Kind.SECRETS)
    problems: dict[str, str | None] = {}
    for purpose in PURPOSES:
        place = Place(run.scope, purpose)
        declared = {each.name: each for each in section.secrets if each.purpose == purpose}
        for name, each in declared.items():
            problems[f"{purpose}/{name}"] = _problem(run, each, store.find(place, name))
        undeclared = store.stored(place).keys() - declared.keys() - _kept_by_certificates(run, purpose)
        problems |= {f"{purpose}/{name}": "is not declared: who put it there?" for name in sorted(undeclared)}
    return Finding.over("secrets", problems)


def _problem(run: AssetRun, secret: Secret, stored: Stored | None) -> str | None:
    if stored is None:
        return "has no value"
    value = run.backend(Kind.SECRETS).read(Place(run.scope, secret.purpose), secret.name)
    if not str(value.get("value") or "").strip():
        return "its value is empty" if "value" in value else "has no key `value`: nobody would find it"
    owner = stored.metadata.get("owner")
    return None if owner == secret.owner else f"its owner is {owner or 'not recorded'}, declared is {secret.owner}"


def _kept_by_certificates(run: AssetRun, purpose: str) -> set[str]:
    """Names of the certificates' own secrets in the same places."""
    if purpose == "engagement":
        return {ACME_ACCOUNT}
    names = [each.name for each in run.environment.certificates.certificates]
    return {*map(certificate_secret, names), *map(pending_secret, names)}


@readiness_item(review_item=4, requires=(Capability.GRANTS_TRIED,))
def pipeline_reads_its_secrets(run: AssetRun) -> Finding:
    """The deployment pipeline's identity can log in and read each secret that it needs.

    The check logs in as the pipeline, reads each secret and discards the value. Red names each secret that it could not
    read. Apply to restore the grant.
    """
    needed: list[tuple[Purpose, str]] = [("runtime", name) for name in run.environment.secrets.pipeline_reads]
    could = run.backend(Kind.SECRETS).can_read(run.scope, PIPELINE, needed)
    return Finding.over(
        "secrets of the pipeline",
        {"/".join(each): None if could[each] else "the pipeline cannot read it" for each in needed},
    )


@readiness_item(review_item=4, requires=(Capability.GRANTS_TRIED,))
def pipeline_reads_nothing_else(run: AssetRun) -> Finding:
    """The deployment pipeline cannot read any other secret: engagement-time, undeclared runtime, or private keys.

    As a control, the same log-in must read one of its own secrets; without it, a refusal proves nothing. Red names each
    secret that the pipeline could read. Apply to restore the grant.
    """
    store = run.backend(Kind.SECRETS)
    needed: list[tuple[Purpose, str]] = [("runtime", name) for name in run.environment.secrets.pipeline_reads]
    rest = [each for each in _there(run) if each not in needed]
    could = store.can_read(run.scope, PIPELINE, [*rest, *needed[:1]])
    if not needed or not could[needed[0]]:
        return Finding.red("no control: the log-in that was refused the rest could not read a secret of its own either")
    return Finding.over("other secrets", {
        "/".join(each): "the pipeline can read it" if could[each] else None for each in rest
    })  # fmt: skip


def _there(run: AssetRun) -> list[tuple[Purpose, str]]:
    """Every secret: what is listed, and what we know, which a list may not show yet."""
    store, declared = run.backend(Kind.SECRETS), run.environment.secrets.secrets
    there: list[tuple[Purpose, str]] = []
    for purpose in PURPOSES:
        place = Place(run.scope, purpose)
        ours = _kept_by_certificates(run, purpose) | {each.name for each in declared if each.purpose == purpose}
        listed = set(store.stored(place))
        there += [(purpose, name) for name in sorted(listed | ours) if name in listed or store.find(place, name)]
    return there


def _require_values(run: AssetRun) -> None:
    """Require the initial value of each secret that is not stored yet, before the run writes anything."""
    store, declared = run.backend(Kind.SECRETS), run.environment.secrets.secrets
    stored: dict[Purpose, list[str]] = {purpose: [] for purpose in PURPOSES}
    for each in declared:
        if store.find(Place(run.scope, each.purpose), each.name):
            stored[each.purpose].append(each.name)
    require_initial_values(declared, lambda purpose: stored[purpose], run.access.given)


def task(engagement: Engagement, environment: Environment) -> Task:
    """The asset of the secrets."""
    items = (
        secrets_have_not_drifted,
        secrets_are_populated,
        pipeline_reads_its_secrets,
        pipeline_reads_nothing_else,
    )
    written, template = section(engagement, environment, "secrets")
    # The names of the certificates decide whether a stored secret is ours or undeclared.
    kept = sorted(certificate_secret(each.name) for each in environment.certificates.certificates)
    own = {**written, "certificates": kept}
    return Task(
        name="secrets",
        description="Production credentials by name, owner and purpose; values exist only in the secret store.",
        environment=environment.name,
        labels=frozenset({environment.secrets.provider.name}),
        backends=(Kind.SECRETS,),
        before_run=_require_values,
        upstream=("environment",),
        inputs=inputs(engagement, items, own=own, template=template),
        items=items,
        target=target,
    )
