"""The members of the sandbox: what each is for, how it is run, and what a profile says of it."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from provisioning_assets.errors import ProvisioningError
from provisioning_assets.sandbox import bind, ministack, openbao, postgresql, prometheus
from provisioning_assets.sandbox.processes import member_command
from provisioning_assets.sandbox.setup import REGION, Setup, Wanted

Variables = Mapping[str, str]

_OF_AWS = frozenset({
    "terraform", "cdk", "route53", "acm_pca", "secretsmanager", "ssm", "flagd", "appconfig", "cloudwatch", "s3",
    "acm",
})  # fmt: skip
_OF_MINISTACK = ("cdk", "appconfig")
"""What moto does not carry."""
_OF_MOTO = ("acm", "acm_pca")
"""What MiniStack has not, or issues whatever the name server says."""
_OF_OPENBAO = frozenset({"openbao", "vault", "acme", "openbao_pki"})
_OF_DNS = frozenset({"route53", "rfc2136"})
_AUTHORITIES = frozenset({"acme", "manual", "openbao_pki", "acm_pca", "acm"})
_ON_THIS_MACHINE = frozenset({"files", "manual"})
"""Products that need no server."""


def _nothing(_setup: Setup) -> Variables:
    return {}


@dataclass(frozen=True, slots=True)
class Server:
    """One member, which runs when an engagement names one of its products."""

    products: frozenset[str]
    command: Callable[[Setup], list[str]]
    profile: Callable[[Setup], Variables] = _nothing
    """Variables with which an environment reaches it."""
    own: Callable[[Setup], Variables] = _nothing
    """Variables of its own process, besides the profile's."""
    prepare: Callable[[Setup], object] = _nothing
    """Before it starts, unless it had crashed: what it had is gone."""
    scheme: str | None = ""
    """What comes before its address; None for one that nobody asks."""
    ready: Callable[[Setup], str] = lambda _setup: ""
    """The path that answers over HTTP when it is ready; most are ready when they take connections."""
    last: bool = False
    """Starts when the others answer, since it works with them."""
    lost: str = ""
    """What is gone with its process."""


def _aws(setup: Setup) -> list[str]:
    if setup.names(*_OF_MINISTACK):
        return ministack.command()
    return [sys.executable, "-m", "provisioning_assets.sandbox.aws", str(setup.ports["aws"]), setup.at("dns")]


def _aws_prepare(setup: Setup) -> None:
    if setup.names(*_OF_MINISTACK):
        ministack.install(setup.progress)


def _aws_own(setup: Setup) -> Variables:
    obeying = {"AUTH": "true", "AWS_ACCESS_KEY_ID": "sandbox"}
    return ministack.variables(setup.ports["aws"], **obeying) if setup.names(*_OF_MINISTACK) else {}


def _aws_profile(setup: Setup) -> Variables:
    return {
        "AWS_ENDPOINT_URL": setup.http("aws"),
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PROVISIONING_EMULATION": "ministack" if setup.names(*_OF_MINISTACK) else "sandbox",
    }


def _openbao_profile(setup: Setup) -> Variables:
    address = setup.http("openbao")
    return {
        "VAULT_ADDR": address,
        "VAULT_TOKEN_FILE": str(setup.folder.path / openbao.TOKEN),
        "ACME_DIRECTORY_URL": f"{address}/v1/pki/acme/directory",
        "SSL_CERT_FILE": str(setup.folder.path / openbao.ANCHORS),
    }


def _ours(name: str, *arguments: Callable[[Setup], str]) -> Callable[[Setup], list[str]]:
    """The command of a member that is our own program."""
    return lambda setup: member_command(name, str(setup.ports[name]), *(each(setup) for each in arguments))


def _dns(setup: Setup) -> list[str]:
    return bind.command(setup) if setup.names("rfc2136") else _ours("dns")(setup)


SERVERS: Mapping[str, Server] = {
    "aws": Server(
        _OF_AWS,
        _aws,
        _aws_profile,
        _aws_own,
        scheme="http://",
        prepare=_aws_prepare,
        ready=lambda setup: "/_ministack/health" if setup.names(*_OF_MINISTACK) else "/moto-api/config",
        lost="its cloud was in memory and is empty now, with every state and record that lay there",
    ),
    "openbao": Server(
        _OF_OPENBAO,
        lambda setup: openbao.command(setup.folder, setup.ports["openbao"]),
        _openbao_profile,
        scheme="http://",
        lost="its secrets were in memory and are gone",
    ),
    "dns": Server(
        _OF_DNS,
        _dns,
        lambda setup: {"PROVISIONING_NAMESERVERS": setup.at("dns"), **bind.profile(setup)},
        own=bind.own,
        prepare=bind.prepare,
    ),
    "resolver": Server(
        _OF_DNS,
        _ours("resolver", lambda setup: setup.at("dns")),
        lambda setup: {"PROVISIONING_RESOLVERS": setup.at("resolver")},
    ),
    "postgresql": Server(
        frozenset({"postgresql"}),
        postgresql.command,
        postgresql.profile,
        postgresql.own,
        prepare=postgresql.prepare,
    ),
    "edge": Server(
        _AUTHORITIES,
        _ours("edge", lambda setup: "secretsmanager" if setup.names("secretsmanager") else "openbao"),
        lambda setup: {"PROVISIONING_CONNECT_TO": f"*:443:{setup.at('edge')}"},
        scheme="https://",
        last=True,
    ),
    "alarms": Server(frozenset({"cloudwatch"}), _ours("alarms"), scheme=None, last=True),
    "prober": Server(frozenset({"cloudwatch"}), _ours("prober"), scheme=None, last=True),
    **{
        name: Server(
            frozenset({"prometheus"}),
            prometheus.command(name),
            prometheus.profile(name),
            prepare=prometheus.prepare if name == prometheus.MEMBERS[0] else _nothing,
            scheme="http://",
            ready=prometheus.ready(name),
            lost="silences and alerts were in memory and are gone" if name == "alertmanager" else "",
        )
        for name in prometheus.MEMBERS
    },
}
"""By name, in the order in which they start."""


def members_of(wanted: Wanted) -> tuple[str, ...]:
    """Names of the members that an engagement needs; `ProvisioningError` for a product that none stands for."""
    known = frozenset[str]().union(_ON_THIS_MACHINE, *(server.products for server in SERVERS.values()))
    if strange := sorted(wanted.products - known):
        raise ProvisioningError(
            f"the sandbox has no server for {', '.join(strange)}",
            remedy=f"it has servers for {', '.join(sorted(known))}; reach others by a profile of your own",
        )
    if not (wanted.products.isdisjoint(_OF_MINISTACK) or wanted.products.isdisjoint(_OF_MOTO)):
        raise ProvisioningError(
            f"no emulated cloud of the sandbox has {', '.join(sorted(wanted.products & {*_OF_MINISTACK, *_OF_MOTO}))}",
            cause=f"MiniStack alone has {', '.join(_OF_MINISTACK)}, and moto {', '.join(_OF_MOTO)}",
            remedy="choose another of the products, or a profile of your own",
        )
    return tuple(name for name, server in SERVERS.items() if server.products & wanted.products)
