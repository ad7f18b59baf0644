"""The only registry of products. Reading it loads no vendor's library."""

from importlib import import_module
from typing import Any

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.backend import Settings
from provisioning_assets.backends.certificates.settings import Acm, AcmCopies, Acme, AcmPca, Manual, OpenBaoPki
from provisioning_assets.backends.config.settings import AppConfig, Flagd, Ssm
from provisioning_assets.backends.dns.settings import PowerDns, Rfc2136, Route53
from provisioning_assets.backends.emulations import EMULATIONS, Lacks
from provisioning_assets.backends.infrastructure.settings import Cdk, Terraform
from provisioning_assets.backends.monitoring.settings import CloudWatch, Prometheus
from provisioning_assets.backends.product import Product
from provisioning_assets.backends.secrets.settings import OpenBao, SecretsManager, Vault
from provisioning_assets.backends.store.settings import S3, Files, Postgresql
from provisioning_assets.backends.variables import Variables
from provisioning_assets.core.kinds import Capability, Kind

_BACKENDS = "provisioning_assets.backends"


_KEY_IN_STORE = "it signs a request; the key lies in the secret store, and we renew"

PRODUCTS: tuple[Product, ...] = (
    Product(
        Kind.INFRASTRUCTURE,
        Terraform,
        "infrastructure.terraform.engine:Terraform",
        code="infrastructure.terraform.code:TerraformCode",
        proven="Terraform 1.11 and 1.15 with the AWS provider, on moto",
        not_tested=(
            "Terraform Cloud and remote operations",
            "resources that moto does not emulate (facts)",
            "OpenTofu (`program: tofu`) itself: a stand-in shows how it is called, configured and told apart",
        ),
    ),
    Product(
        Kind.INFRASTRUCTURE,
        Cdk,
        "infrastructure.cdk.engine:Cdk",
        code="infrastructure.cdk.code:CdkCode",
        proven="aws-cdk-lib 2.275 with CloudFormation, on MiniStack",
        lacks={Capability.STATE_IN_STORE: "CloudFormation keeps the state of a stack itself"},
        not_tested=(
            "Amazon's own decisions on replacement, and its timing",
            "setting back what was changed out of band (REVERT_DRIFT): MiniStack takes no notice of it",
            "drift of types that MiniStack does not look at, such as a VPC: each is named, and its stage not green",
            "properties that drift detection leaves out on AWS: each is named, unless its type says nobody can read it",
        ),
    ),
    Product(
        Kind.DNS,
        Route53,
        "dns.route53:Route53",
        proven="moto",
        not_tested=(
            "Amazon's own propagation time",
            "throttling of the real API",
            "an update that Amazon refuses because the record changed in the moment since it was read",
        ),
    ),
    Product(
        Kind.DNS,
        Rfc2136,
        "dns.rfc2136.zones:Rfc2136",
        proven="BIND 9.18 and Knot 3.2",
        lacks={Capability.ALIAS: "a zone has no record that follows another name's addresses"},
        not_tested=("PowerDNS and Windows DNS", "updates that a secondary forwards", "GSS-TSIG"),
    ),
    Product(
        Kind.DNS,
        PowerDns,
        "dns.octodns.powerdns:PowerDns",
        proven="PowerDNS 4.7, with SQLite",
        lacks={Capability.GUARDED: "its API overwrites whatever came in the moment since its serial was looked at"},
        not_tested=(
            "other databases of PowerDNS",
            "zones that it transfers from elsewhere",
            "zones whose serial does not follow changes by the API (SOA-EDIT-API)",
        ),
    ),
    Product(
        Kind.CERTIFICATES,
        Acme,
        "certificates.acme.authority:Acme",
        proven="OpenBao's ACME authority and Pebble 2.4",
        lacks={Capability.KEEPS_KEYS: _KEY_IN_STORE},
        not_tested=(
            "Let's Encrypt's rate limits",
            "authorities that require a binding, other than OpenBao and Pebble",
            "http-01 on OpenBao, which looks at port 80 alone; on Pebble it is proven",
            "a webroot in another object store than S3, and edges that serve a file minutes after it was put",
        ),
    ),
    Product(
        Kind.CERTIFICATES,
        Manual,
        "certificates.manual:Manual",
        proven="this machine's file system, with an authority of the tests",
        lacks={
            Capability.CHALLENGES: "whoever signs judges the names in their own way",
            Capability.KEEPS_KEYS: _KEY_IN_STORE,
            Capability.UNATTENDED: "a person takes the request to an authority and brings the chain",
        },
        not_tested=("what a public authority adds to the names that it is asked for",),
    ),
    Product(
        Kind.CERTIFICATES,
        OpenBaoPki,
        "certificates.openbao_pki:OpenBaoPki",
        proven="OpenBao",
        lacks={
            Capability.CHALLENGES: "the role on the server says for which names it signs",
            Capability.KEEPS_KEYS: _KEY_IN_STORE,
        },
        not_tested=("an authority on another server than the secret store", "Vault's PKI engine"),
    ),
    Product(
        Kind.CERTIFICATES,
        AcmPca,
        "certificates.acm_pca:AcmPca",
        proven="moto",
        lacks={
            Capability.CHALLENGES: "it signs whatever the account's permissions let through",
            Capability.KEEPS_KEYS: _KEY_IN_STORE,
        },
        not_tested=(
            "Amazon's own judgement of requests, validity and templates: moto judges none, and always signs for a year",
            "an authority that another account shares",
        ),
    ),
    Product(
        Kind.CERTIFICATES,
        Acm,
        "certificates.acm.authority:Acm",
        proven="moto, whose certificates the sandbox's validator issues when a name server has their records",
        not_tested=(
            "Amazon's own validation: how long it takes, and what it refuses (CAA, names, limits)",
            "renewal by Amazon: moto renews nothing",
            "certificates that are exported: moto exports none",
            "listing under a throttle, in an account with hundreds of certificates",
        ),
    ),
    Product(
        Kind.COPIES,
        AcmCopies,
        "certificates.acm.copies:AcmCopies",
        proven="moto, whose imports the sandbox makes keep to Amazon's documents",
        not_tested=(
            "Amazon's own judgement of keys, chains and key usages, and its limit of imports in a year",
            "how soon load balancers and CloudFront serve what was imported again",
        ),
    ),
    Product(Kind.SECRETS, OpenBao, "secrets.openbao.store:OpenBao", proven="OpenBao"),
    Product(
        Kind.SECRETS,
        Vault,
        "secrets.openbao.store:OpenBao",
        proven="OpenBao, which has the same API",
        not_tested=("Vault itself, for lack of a server",),
    ),
    Product(
        Kind.SECRETS,
        SecretsManager,
        "secrets.secretsmanager.store:SecretsManager",
        proven="MiniStack, which obeys IAM policies, and moto",
        not_tested=(
            "Amazon's own throttling",
            "how long a changed role or policy takes to be obeyed everywhere",
            "values under a KMS key of your own, whose policy must let the account's IAM policies count",
            "service control policies and permissions boundaries that an organisation requires",
        ),
    ),
    Product(
        Kind.CONFIG,
        Ssm,
        "config.ssm:Ssm",
        proven="moto",
        not_tested=("Amazon's own throttling",),
    ),
    Product(
        Kind.CONFIG,
        Flagd,
        "config.flagd.store:Flagd",
        proven="moto, and the evaluator of OpenFeature's own Python provider",
        not_tested=(
            "the flagd daemon itself, how soon it reads a new version, and its web API with names that have a `/`",
            "buckets of other clouds",
        ),
    ),
    Product(
        Kind.CONFIG,
        AppConfig,
        "config.appconfig.store:AppConfig",
        proven="MiniStack",
        not_tested=(
            "Amazon's own timing of deployments, and how soon a deployed document reaches every client",
            "validators of a profile, extensions, and lists of more than one page",
            "somebody else's first deployment to an environment in the same moment as ours",
            "what Amazon answers for a profile that was never deployed to an environment, where another one was",
            "feature flag profiles, and documents that lie outside of AppConfig: they are refused",
        ),
    ),
    Product(
        Kind.MONITORING,
        CloudWatch,
        "monitoring.cloudwatch.platform:CloudWatch",
        proven="moto, whose alarms the sandbox's alarm engine evaluates",
        not_tested=("Amazon's own evaluation of alarms and its delays",),
    ),
    Product(
        Kind.MONITORING,
        Prometheus,
        "monitoring.prometheus.platform:Prometheus",
        proven="Prometheus 2.42, Alertmanager 0.25, Pushgateway 1.5 and blackbox exporter 0.23",
        lacks={Capability.LOGS: "Prometheus stores numbers over time, and no lines of a log"},
        not_tested=(
            "clusters of Alertmanager, and several Prometheus servers with the same rules",
            "Alertmanager 0.26 and later, which hide the addresses of webhooks, and Prometheus 3",
            "inhibition, time intervals and alert relabelling that the team's own configuration adds",
        ),
    ),
    Product(
        Kind.STORE,
        S3,
        "store.s3:S3Store",
        proven="moto, with its conditional writes made atomic",
        not_tested=("Amazon's own conditional writes under load",),
    ),
    Product(
        Kind.STORE,
        Postgresql,
        "store.postgresql:PostgresqlStore",
        proven="PostgreSQL 15",
        not_tested=("failover of managed services", "connection poolers"),
    ),
    Product(
        Kind.STORE,
        Files,
        "store.files:FileStore",
        proven="this machine's file system",
        lacks={
            Capability.ENGINE_STATE: "no engine can keep its state in this store",
            Capability.MANY_HOSTS: "a folder is seen by one machine, or by those that share its disk",
        },
    ),
)


def of_kind(kind: Kind) -> tuple[Product, ...]:
    """The products of a kind, in the order of the catalogue."""
    return tuple(product for product in PRODUCTS if product.kind is kind)


def product(kind: Kind, name: str) -> Product:
    """One product; `KeyError` when the catalogue has none of this name."""
    for each in of_kind(kind):
        if each.name == name:
            return each
    raise KeyError(f"{kind} {name}")


def variables() -> Variables:
    """What products read of a profile."""
    return {name: judge for each in PRODUCTS for name, judge in each.settings.variables.items()}


def lacks(kind: Kind, name: str, access: Access | None = None) -> Lacks:
    """What a product lacks when reached with this access: its own limits, and those of the emulation behind it."""
    emulation = EMULATIONS.get(access.emulation) if access else None
    return {**product(kind, name).lacks, **(emulation.lacks.get(name, {}) if emulation else {})}


def open_backend(kind: Kind, settings: Settings, access: Access) -> Any:
    """The product that the settings name, by its kind's protocol."""
    return _class(product(kind, settings.name).where).open(settings, access)


def code_of(engine: str) -> Any:
    """The reader of an engine's source code, behind the protocol `Code`."""
    return _class(product(Kind.INFRASTRUCTURE, engine).code)()


def _class(where: str) -> Any:
    module, _, name = where.partition(":")
    return getattr(import_module(f"{_BACKENDS}.{module}"), name)
