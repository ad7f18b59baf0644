"""Initial values of secrets, from where the engagement file says. They exist only in memory, and in no message."""

import secrets
import stat
import string
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from provisioning_assets.backends.secrets import PURPOSES, Purpose
from provisioning_assets.engagement.sections import FromEnvironment, Generate, Secret
from provisioning_assets.errors import ProviderFailed

_ALPHABET = string.ascii_letters + string.digits
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def require_initial_values(
    declared: Iterable[Secret], stored: Callable[[Purpose], Collection[str]], given: Mapping[str, str]
) -> None:
    """Require the initial value of every secret that is not yet `stored` (names by purpose), and discard it.

    `ProviderFailed` names all missing values before the run begins, which would find them one by one.
    """
    there, missing = {purpose: stored(purpose) for purpose in PURPOSES}, []
    for each in declared:
        try:
            if each.name not in there[each.purpose]:
                initial_value(each, given)
        except ProviderFailed as error:
            missing.append(error)
    if missing:
        raise ProviderFailed(
            "; ".join(error.what for error in missing),
            where="; ".join(error.where for error in missing),
            cause="; ".join(error.cause for error in missing),
            remedy="; ".join(error.remedy for error in missing),
        )


def initial_value(secret: Secret, given: Mapping[str, str]) -> str:
    """The value; `given` are the operator's variables. `ProviderFailed` names the variable or file that has none."""
    source = secret.source
    if isinstance(source, Generate):
        return "".join(secrets.choice(_ALPHABET) for _ in range(source.generate))
    if isinstance(source, FromEnvironment):
        return _from_environment(secret.name, source.environment, given)
    return _from_file(secret.name, Path(source.file).expanduser())


def _from_environment(name: str, variable: str, given: Mapping[str, str]) -> str:
    value = given.get(variable)
    if not value:
        raise ProviderFailed(
            f"the secret {name} has no value to start with",
            where=f"the variable {variable}",
            cause="it is empty" if value == "" else "it is not set",
            remedy=f"export {variable} in the shell that applies; once stored, it is not needed again",
        )
    return value


def _from_file(name: str, file: Path) -> str:
    try:
        mode = file.stat().st_mode
        if mode & _FOR_OTHERS:
            cause, remedy = f"its mode is {stat.S_IMODE(mode):o}: others can read it", f"chmod 600 {file}"
            raise ProviderFailed(
                f"the file of the secret {name} is open to others", where=str(file), cause=cause, remedy=remedy
            )
        content = file.read_bytes()
    except OSError as error:
        raise _without_value(name, file, error.strerror or "unreadable") from None
    try:
        value, cause = content.decode().removesuffix("\n"), "it is empty"
    except UnicodeDecodeError:
        value, cause = "", "it is not text (UTF-8)"
    # Raised only here: an error inside the handler would carry the content as its context.
    if not value:
        raise _without_value(name, file, cause)
    return value


def _without_value(name: str, file: Path, cause: str) -> ProviderFailed:
    remedy = f"put the value into {file}, mode 600; once stored, it is not needed again"
    return ProviderFailed(f"the secret {name} has no value to start with", where=str(file), cause=cause, remedy=remedy)
