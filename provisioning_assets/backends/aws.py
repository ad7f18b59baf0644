"""AWS: one account and region, reached with one environment's access. Its errors become ours."""

import logging
import os
import subprocess
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cache, cached_property
from typing import Any, Self
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigChainFactory, ConfigValueStore
from botocore.credentials import AssumeRoleProvider, ProcessProvider, ProfileProviderBuilder

from provisioning_assets.backends import aws_errors
from provisioning_assets.backends.access import OF_PROCESS, Access, safe
from provisioning_assets.backends.aws_errors import ENDPOINT
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed, ProvisioningError

_IGNORES_ADDRESSES = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
_AMAZON = (".amazonaws.com", ".amazonaws.com.cn")
_OF_THE_PROCESS = (
    "env", "assume-role-with-web-identity", "ec2-credentials-file", "boto-config", "container-role", "iam-role",
)  # fmt: skip
"""Where botocore would look for credentials besides a profile: in this process, and on this machine."""
_OF_FILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")
"""Unless a profile names one of these, nothing is read from the operator's own AWS files."""


class Aws:
    """Clients for one environment. The process's variables reach them only through its access."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._clients: dict[tuple[str, ...], Any] = {}
        self._making = threading.Lock()

    def client(self, service: str, region: str = "", *, attempts: int = 3, patience: int = 10) -> Any:
        """A boto3 client, shared: clients are thread-safe and cost 50 ms to make.

        Each attempt waits `patience` seconds for an answer.
        """
        key = (service, region, str(attempts), str(patience))
        with self._making:
            if key not in self._clients:
                self._clients[key] = self._made(service, region or self.access.region, attempts, patience)
            return self._clients[key]

    def endpoint(self, service: str = "") -> str:
        """The address that the access gives for this service, or for all services; empty for Amazon's own."""
        for name in [f"{ENDPOINT}_{_variable(service)}", ENDPOINT] if service else [ENDPOINT]:
            if address := self.access.get(name):
                return safe(address, name, "AWS")
        return ""

    @property
    def variables(self) -> dict[str, str]:
        """Variables for a program that talks to AWS for us, such as Terraform."""
        region = {"AWS_REGION": self.access.region} if self.access.region else {}
        own = self.access.name == OF_PROCESS or any(map(self.access.get, _OF_FILES))
        files = {} if own else {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        # A profile never uses the role of this machine.
        machine = {} if self.access.name == OF_PROCESS else {"AWS_EC2_METADATA_DISABLED": "true"}
        given = {name: value for name, value in self.access.for_child("AWS_").items() if name != _IGNORES_ADDRESSES}
        # A program follows the addresses in AWS's files unless it is told not to; told so, it leaves AWS_ENDPOINT_URL
        # aside, too. Where that is set, the program prefers it to what a file says.
        addresses = {} if self.access.get(ENDPOINT) else {_IGNORES_ADDRESSES: "true"}
        return {**given, **files, **machine, **region, **addresses}

    @cached_property
    def account(self) -> str:
        """The account number: the declared one, else that of the credentials.

        The declared one comes first so that evidence of an environment in another account can be read without its
        credentials.
        """
        return self.access.account or self._account()

    def reach(self) -> None:
        """Ask which account the credentials belong to; raises when it is not the declared one."""
        found, declared = self._account(), self.access.account
        if declared not in {None, found}:
            raise ProvisioningError(
                f"the credentials belong to the account {found}; the environment lies in {declared}",
                where=self.access.name,
                remedy=f"give {self.access.name} credentials for {declared}, or correct `account` in the file",
            )

    def identity(self) -> Mapping[str, Json]:
        """The account."""
        return {"account": self.account}

    def stands_in(self, service: str) -> bool:
        """Whether another server stands in for Amazon's."""
        host = urlsplit(self.endpoint(service)).hostname or ""
        return bool(host) and not host.endswith(_AMAZON)

    def translated(self, service: str) -> AbstractContextManager[None]:
        """Turn botocore's errors into ours: which server did not answer, or what it answered."""
        return aws_errors.translated(service, self.access)

    def _account(self) -> str:
        """The account of the credentials. A run asks for it first, so it gives up within 5 seconds (`Unreachable`)."""
        with self.translated("AWS STS"):
            return str(self.client("sts", attempts=1, patience=4).get_caller_identity()["Account"])

    def _made(self, service: str, region: str, attempts: int, patience: int) -> Any:
        # A server that stands in for S3 expects the bucket in the path.
        style: Any = {"addressing_style": "path"} if self.endpoint(service) else {}
        endpoint = self.endpoint(service)
        proxies = {} if endpoint else self.access.proxies("https://amazonaws.com")
        settings = _config(
            connect_timeout=2,
            read_timeout=patience,
            retries={"mode": "standard", "total_max_attempts": attempts},
            s3=style,
            proxies=proxies,
            ignore_configured_endpoint_urls=True,
        )
        with self.translated(service):
            return self._session.client(
                service,
                region_name=region,
                config=settings,
                endpoint_url=endpoint or None,
                verify=self.access.get("AWS_CA_BUNDLE") or self.access.get("REQUESTS_CA_BUNDLE") or True,
            )

    @cached_property
    def _session(self) -> Any:
        core: Any = botocore.session.Session()
        # The descriptions of the services, megabytes of them, are read once.
        core.register_component("data_loader", _descriptions())
        chains = ConfigChainFactory(session=core, environ=dict(self.access.variables))
        store: ConfigValueStore = core.get_component("config_store")
        for name, (in_file, variables, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items():
            store.set_config_provider(name, chains.create_config_chain(name, variables, in_file, default, convert))
        # For the clients that botocore makes by itself, for example to assume a role.
        core.set_default_client_config(
            _config(ignore_configured_endpoint_urls=True, proxies=self.access.proxies("https://amazonaws.com"))
        )
        own_files = any(map(self.access.get, _OF_FILES))
        if self.access.name != OF_PROCESS and not own_files:
            for name in ("config_file", "credentials_file"):
                core.set_config_variable(name, os.devnull)
        elif self.access.name != OF_PROCESS and core.get_scoped_config().get("credential_source") == "Environment":
            raise ProviderFailed(
                "the AWS profile takes its credentials from this process",
                where=self.access.name,
                cause="credential_source = Environment",
                remedy="name a source_profile instead, or put the keys into the profile",
            )
        key, secret = self.access.get("AWS_ACCESS_KEY_ID"), self.access.get("AWS_SECRET_ACCESS_KEY")
        if key and secret:
            core.set_credentials(key, secret, self.access.get("AWS_SESSION_TOKEN") or None)
        elif self.access.name != OF_PROCESS:
            chain = core.get_component("credential_provider")
            for provider in _OF_THE_PROCESS if own_files else [each.METHOD for each in chain.providers]:
                chain.remove(provider)
            if own_files:
                self._lead_processes(core, chain)
        return boto3.session.Session(botocore_session=core)

    def _lead_processes(self, core: Any, chain: Any) -> None:
        """Start a `credential_process` with the profile's variables: also that of a profile which another one names."""
        variables = {**self.access.for_child(""), **self.variables}

        def start(command: list[str], **pipes: Any) -> "subprocess.Popen[bytes]":
            try:
                return subprocess.Popen(command, env=variables, **pipes)
            except OSError as error:
                raise ProviderFailed(
                    "the credential_process of the AWS profile cannot be started",
                    where=command[0],
                    cause=error.strerror or type(error).__name__,
                    remedy="correct it in the file that AWS_CONFIG_FILE names, ~/.aws/config without it",
                ) from None

        class Led(ProfileProviderBuilder):
            def _create_process_provider(self, profile_name: str) -> ProcessProvider:
                return ProcessProvider(profile_name, lambda: core.full_config, popen=start)

        led = Led(core)
        named = led.providers(core.get_config_variable("profile") or "default")
        process = next(each for each in named if each.METHOD == ProcessProvider.METHOD)
        chain.insert_after(process.METHOD, process)
        chain.remove(process.METHOD)  # the first of the two
        chain.get_provider(AssumeRoleProvider.METHOD)._profile_provider_builder = led  # noqa: SLF001 - no other way in


class OnAws:
    """A product in one account and region: how each of them is opened, reached and identified."""

    def __init__(self, _settings: Any, access: Access) -> None:
        self._aws = of(access)

    @classmethod
    def open(cls, settings: Any, access: Access) -> Self:
        """The product in the environment's account and region."""
        return cls(settings, access)

    def reach(self) -> None:
        """Ask which account the credentials belong to."""
        self._aws.reach()

    def identity(self) -> Mapping[str, Json]:
        """The account."""
        return self._aws.identity()


_config: Any = Config  # its stubs lack a setting that botocore has


def of(access: Access) -> Aws:
    """The clients of an access: one set, whichever back ends use it."""
    with _finding:
        found = _made.get(access) or Aws(access)
        _made[access] = found
        return found


_made: "WeakValueDictionary[Access, Aws]" = WeakValueDictionary()
"""The clients of each access, for as long as a back end holds them: a daemon opens an access for each run."""
_finding = threading.Lock()


@cache
def _descriptions() -> Any:
    return botocore.loaders.create_loader()


@cache
def _variable(service: str) -> str:
    """The last part of the name of a service's variable: `route53` is `ROUTE_53` there."""
    model = _descriptions().load_service_model(service, "service-2")
    return str(model["metadata"]["serviceId"]).replace(" ", "_").upper()


def _says_nothing(record: logging.LogRecord) -> bool:
    """Drop what botocore logs for debugging: requests and answers, with values, keys and credentials."""
    return record.levelno > logging.DEBUG


for _name in ("botocore.auth", "botocore.endpoint", "botocore.parsers"):
    logging.getLogger(_name).addFilter(_says_nothing)
