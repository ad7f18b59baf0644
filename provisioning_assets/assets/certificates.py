"""Certificates: issued for the declared names, kept where their product keeps them, and served as issued."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from provisioning_assets.backends.certificates import Held
from provisioning_assets.backends.secrets import Place, certificate_secret
from provisioning_assets.core.evidence import Finding, Verdict
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.settle import settle
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.operations.copying import COPY, Copied
from provisioning_assets.operations.issuing import Certificates
from provisioning_assets.operations.keeping import Kept, astray, holdings, keeps_keys, kept_for
from provisioning_assets.probes import resolvers, tls
from provisioning_assets.probes.tls import check_served, fingerprint_of_key
from provisioning_assets.runs.asset_run import AssetRun, now
from provisioning_assets.runs.declared import equals_declared
from provisioning_assets.runs.task import Task, inputs, readiness_item, section

PICKED_UP = 20.0
"""Seconds that a server gets to pick up a new certificate."""


@readiness_item(review_item=3)
def certificates_are_issued(run: AssetRun) -> Finding:
    """Every declared certificate is stored with exactly its names, from its authority, and is not due for renewal.

    Its key is of the declared type. Renewal is due after two thirds of the lifetime. A product that keeps the keys
    chooses their type, and renews by itself: there, the records that it renews by must be in the zone, and it must hold
    nothing under a name that is not declared. A product that is to have copies must have exactly these certificates,
    whose references are stored beside the keys. Others of a declared name, and what either product has where nobody
    looks for it any more, are listed, and nothing may use them. Red names each certificate that differs, and what it
    waits for. Apply to order it, or to copy it, again; have what uses another one use the one that is declared.
    """
    found, held, copied = equals_declared(run, Certificates(run)), holdings(run), Copied(run)
    every = [(each, kept_for(run, each, held)) for each in run.environment.certificates.certificates]
    meant = {kept.held for _, kept in every if kept} | {copied.of(each, kept) for each, kept in every}
    left = astray(run)
    others = [each for each in (*held, *copied.held, *left.held) if each not in meant]
    beside = [{"name": each.name, "reference": each.reference} for each in others]
    # Also where nothing is imported any more: then nobody renews what was.
    copies = {each.name: kept.copy for each, kept in every if kept and kept.copy}
    told = {"held beside": beside, "copies": copies, "not looked at": dict(left.unseen)}
    found = replace(found, details={**found.details, **{name: each for name, each in told.items() if each}})
    return _with_used(found, others, copies=not keeps_keys(run.environment))


def _with_used(found: Finding, others: Sequence[Held], *, copies: bool) -> Finding:
    """What was found, and what is served beside the declared certificates: whoever connects sees a wrong one."""
    kind, why = (COPY, "nobody renews it") if copies else ("certificate ", "another one is declared")
    used = {f"{kind}{each.reference}": each for each in others if each.used_by}
    problems = {
        address: f"{each.name} is used by {', '.join(each.used_by)}, and {why}"
        for address, each in used.items()
        if address not in found.problems
    }
    if not problems:
        return found
    said = [*([] if found.ready else [found.summary]), *(f"{name}: {told}" for name, told in problems.items())]
    return replace(found, verdict=Verdict.RED, summary="; ".join(said), problems={**found.problems, **problems})


@readiness_item(review_item=3, within=timedelta(minutes=10))
def certificates_are_served(run: AssetRun) -> Finding:
    """Each host presents the issued certificate with a trusted chain, and the stored private key belongs to it.

    Where the product keeps the key, its own chain is what must be served. A TLS client connects to each host; a server
    gets 20 seconds to pick up a new certificate. Red says what the client saw. Make the server load the certificate,
    then run this item again.
    """
    held, store, where = holdings(run), run.backend(Kind.SECRETS), Place(run.scope, "runtime")
    problems: dict[str, str | None] = {}
    details = {}
    for certificate in run.environment.certificates.certificates:
        kept = kept_for(run, certificate, held)
        hosts = certificate.served_at or tuple(name for name in certificate.names if not name.startswith("*."))
        if kept is None:
            problems |= {f"{certificate.name} at {host}": "is not issued yet" for host in hosts or ("no host",)}
            continue
        leaf, value = kept.leaf, store.read(where, certificate_secret(certificate.name))
        fingerprint = leaf.key_fingerprint if kept.held else fingerprint_of_key(value["key"])
        details[certificate.name] = {
            "issuer": leaf.issuer, "ends": leaf.not_after.isoformat(), "names": list(leaf.names), "serial": leaf.serial
        }  # fmt: skip
        if not hosts:
            problems[certificate.name] = "is served nowhere that could be looked at: name hosts in `served_at`"
        for host in hosts:
            problems[f"{certificate.name} at {host}"] = _served(run, host, kept, fingerprint)
    return Finding.over("served certificates", problems, certificates=details)


def _served(run: AssetRun, host: str, kept: Kept, fingerprint: str) -> str | None:
    def look() -> str | None:
        return check_served(host, kept.chain, fingerprint, run.access, now=now(), renewed_here=kept.held is None)

    return settle(look, done=lambda problem: not problem, within=PICKED_UP, every=0.5)


def task(engagement: Engagement, environment: Environment) -> Task:
    """The asset of the certificates."""
    items = (certificates_are_issued, certificates_are_served)
    own, template = section(engagement, environment, "certificates")
    product = environment.certificates.provider.name
    in_zone, copies = environment.certificates.proof == "dns-01", environment.certificates.import_into
    return Task(
        name="certificates",
        description="TLS certificates, stored with their keys in the secret store, or kept by their product.",
        environment=environment.name,
        labels=frozenset({product, "tls", *([copies.name] if copies else [])}),
        backends=(
            Kind.CERTIFICATES,
            Kind.SECRETS,
            *([Kind.DNS] if in_zone else []),
            *([Kind.COPIES] if copies else []),
        ),
        views=(resolvers.viewpoint, tls.viewpoint),
        upstream=("dns_records", "secrets"),
        inputs=inputs(engagement, items, own=own, template=template),
        items=items,
        target=Certificates,
    )
