"""Trying a grant: log in as its role, and ask for secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import uuid4

from provisioning_assets.backends import aws
from provisioning_assets.backends.secrets import Place, Purpose
from provisioning_assets.backends.secrets.secretsmanager.calls import Answered, Calls
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ProviderFailed

LASTS = 900
"""Seconds for which a log-in is good, the shortest that STS knows: nothing can end it sooner."""
KNOWN = 15
"""Seconds in which a new role becomes known everywhere."""

_DENIED = "AccessDeniedException"


def can_read(
    calls: Calls, role: str, scope: str, secrets: Sequence[tuple[Purpose, str]]
) -> Mapping[tuple[Purpose, str], bool]:
    """Which secrets the role could read: an answer means yes, a denial no, anything else is an error.

    As a control, the role must be denied a secret that no grant opens: where everything is allowed, or IAM policies
    are not obeyed, an answer proves nothing.
    """
    own = _logged_in(calls, role)
    control = f"{scope}/{uuid4()}"
    if _answer(own, control) != _DENIED:
        raise ProviderFailed(
            f"{role} was not denied a secret that nobody granted",
            where=control,
            cause="IAM policies are not obeyed here, or the role may read every secret",
            remedy="apply, which takes away what was not granted; name an emulation in PROVISIONING_EMULATION",
        )
    return {each: _could_read(own, f"{Place(scope, each[0])}/{each[1]}") for each in secrets}


def _logged_in(calls: Calls, role: str) -> Calls:
    """Calls as the role."""

    def assume() -> Answered | Mapping[str, str]:
        parameters = {"RoleArn": role, "RoleSessionName": "provisioning-trial", "DurationSeconds": LASTS}
        try:
            credentials: Mapping[str, str] = calls.ask("sts", "assume_role", role, **parameters)["Credentials"]
        except Answered as error:
            return error
        return credentials

    got = settle(assume, done=lambda got: not isinstance(got, Answered), within=KNOWN)
    if isinstance(got, Answered):
        raise got
    access = calls.own.access
    logged_in = {
        "AWS_ACCESS_KEY_ID": got["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": got["SecretAccessKey"],
        "AWS_SESSION_TOKEN": got["SessionToken"],
    }
    return Calls(aws.Aws(replace(access, variables={**access.variables, **logged_in})))


def _could_read(own: Calls, name: str) -> bool:
    match _answer(own, name):
        case "":
            return True
        case code if code == _DENIED:
            return False
        case code:
            raise ProviderFailed(
                "the secret could not be tried",
                where=name,
                cause=code,
                remedy="store it, or restore it, then run again",
            )


def _answer(own: Calls, name: str) -> str:
    """The code of the error; empty when the value came, which is discarded."""
    try:
        own.ask("secretsmanager", "get_secret_value", name, SecretId=name, VersionStage="AWSCURRENT")
    except Answered as error:
        return error.code
    return ""
