"""Secrets: populated once, readable by those who need them and by nobody else."""

from collections.abc import Mapping, Sequence

from provisioning_assets.assets.secret_structure import desired_structure
from provisioning_assets.backends.secrets import Stored
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.plan import Action, Attributes, Change
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.sections import ACME_ACCOUNT, Secret
from provisioning_assets.runs.initial_values import value_of
from provisioning_assets.runs.readiness import readiness_item
from provisioning_assets.runs.task import (
    AWS,
    SECRET_STORE,
    SECRET_VALUES,
    Declared,
    Task,
    equals_declared,
    inputs,
    section,
)
from provisioning_assets.runs.work import Work


def mount(work: Work, purpose: str) -> str:
    """Mount of the environment's secrets of a purpose, `runtime` or `engagement`."""
    return f"{work.session.scope}-{purpose}"


def target(work: Work) -> Declared:
    """Mounts, policies and roles as declared, and each secret with a value and its description.

    A description (owner, purpose, rotation) follows the engagement file; a value is never replaced.
    """
    section, store, scope = work.environment.secrets, work.session.secret_store, work.session.scope
    declared = {f"secret {mount(work, each.purpose)}/{each.name}": each for each in section.secrets}

    def desired() -> Mapping[str, Attributes]:
        structure = desired_structure(work.engagement.name, work.environment.name, section)
        return {**structure, **{address: _description(each) for address, each in declared.items()}}

    def read() -> Mapping[str, Attributes]:
        there = {
            f"secret {mount(work, purpose)}/{name}": stored.metadata
            for purpose in ("runtime", "engagement")
            for name, stored in store.stored(mount(work, purpose)).items()
        }
        return {**store.read_structure(f"{scope}-"), **{a: v for a, v in there.items() if a in declared}}

    def write(changes: Sequence[Change]) -> None:
        store.write_structure([change for change in changes if change.address not in declared])
        for change in changes:
            if change.address not in declared:
                continue
            each = declared[change.address]
            where = mount(work, each.purpose)
            if change.action is Action.CREATE:
                store.create(where, each.name, {"value": value_of(each)}, _description(each))
            else:
                store.describe(where, each.name, _description(each))

    return Declared(desired, read, write)


def _description(secret: Secret) -> dict[str, str]:
    """What is kept beside the value, for people and for rotation."""
    return {"owner": secret.owner, "purpose": secret.purpose, "rotate_every_days": str(secret.rotate_every.days)}


@readiness_item(review_item=4)
def secrets_have_not_drifted(work: Work) -> Finding:
    """Mounts, policies and roles are as declared, and every declared secret has a value.

    Red names what differs; a widened policy is found here.
    """
    return equals_declared(work, target(work))


@readiness_item(review_item=4, version=2)
def secrets_are_populated(work: Work) -> Finding:
    """Every declared secret has a value that is not empty, with its owner and purpose, and no other secret lies there.

    The values are read, asked whether there is anything in them, and dropped.
    """
    section = work.environment.secrets
    problems: dict[str, str | None] = {}
    for purpose in ("runtime", "engagement"):
        stored = work.session.secret_store.stored(mount(work, purpose))
        declared = {each.name: each for each in section.secrets if each.purpose == purpose}
        for name, each in declared.items():
            problems[f"{purpose}/{name}"] = _problem(work, each, stored.get(name))
        undeclared = stored.keys() - declared.keys() - _kept_by_certificates(work, purpose)
        problems |= {f"{purpose}/{name}": "is not declared: who put it there?" for name in sorted(undeclared)}
    return Finding.over("secrets", problems)


def _problem(work: Work, secret: Secret, stored: Stored | None) -> str | None:
    if stored is None:
        return "has no value"
    value = work.session.secret_store.read(mount(work, secret.purpose), secret.name)
    if not str(value.get("value") or "").strip():
        return "its value is empty" if "value" in value else "has no key `value`: nobody would find it"
    owner = stored.metadata.get("owner")
    return None if owner == secret.owner else f"its owner is {owner or 'not recorded'}, declared is {secret.owner}"


def _kept_by_certificates(work: Work, purpose: str) -> set[str]:
    """Names that the certificates keep in the same mounts."""
    if purpose == "engagement":
        return {ACME_ACCOUNT}
    return {each.secret for each in work.environment.certificates.certificates}


@readiness_item(review_item=4)
def pipeline_reads_its_secrets(work: Work) -> Finding:
    """The deployment pipeline's role logs in and reads each secret that it needs; the values are dropped at once."""
    runtime = mount(work, "runtime")
    paths = [(runtime, name) for name in work.environment.secrets.pipeline_reads]
    could = work.session.secret_store.can_read(f"{work.session.scope}-pipeline", paths)
    return Finding.over(
        "secrets of the pipeline",
        {path: None if readable else "the pipeline cannot read it" for path, readable in could.items()},
    )


@readiness_item(review_item=4, version=2)
def pipeline_reads_nothing_else(work: Work) -> Finding:
    """The same role is refused everything else: engagement-time secrets, undeclared runtime ones, private keys.

    The same log-in then reads one of its own secrets: without that control, refusals prove nothing.
    """
    store, section = work.session.secret_store, work.environment.secrets
    allowed = [(mount(work, "runtime"), name) for name in section.pipeline_reads]
    mounts = (mount(work, "runtime"), mount(work, "engagement"))
    rest = [path for where in mounts for name in store.stored(where) if (path := (where, name)) not in allowed]
    could = store.can_read(f"{work.session.scope}-pipeline", [*rest, *allowed[:1]])
    if not allowed or not could["/".join(allowed[0])]:
        return Finding.red("no control: the log-in that was refused the rest could not read a secret of its own either")
    return Finding.over("other secrets", {
        path: "the pipeline can read it" if could[path] else None for path in map("/".join, rest)
    })  # fmt: skip


def task(engagement: Engagement, environment: Environment) -> Task:
    """The asset of the secrets."""
    items = (
        secrets_have_not_drifted,
        secrets_are_populated,
        pipeline_reads_its_secrets,
        pipeline_reads_nothing_else,
    )
    written, template = section(engagement, environment, "secrets")
    # A secret in the mount is ours, or undeclared, by the names of the certificates.
    own = {**written, "certificates": sorted(each.secret for each in environment.certificates.certificates)}
    return Task(
        name="secrets",
        description="Production credentials by name, owner and purpose; values exist in the secret store alone.",
        kinds=frozenset({environment.secrets.provider}),
        needs=frozenset({AWS, SECRET_STORE, SECRET_VALUES}),
        upstream=("environment",),
        inputs=inputs(engagement, items, own=own, template=template),
        items=items,
        target=target,
    )
