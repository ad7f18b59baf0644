"""Profiles: a file of variables for one environment, with the addresses of its servers and the credentials for them.

A profile lies outside the repository, or under `.provisioning/`, which git ignores. Each line is `NAME=value`.
"""

import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dotenv.parser import Original, parse_stream

from provisioning_assets.backends import access
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.emulations import EMULATIONS
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.errors import ConfigurationError, Problem, ProviderFailed

CHOSEN = "PROVISIONING_PROFILE"
"""Shell variable that chooses profiles: `NAME` for every environment, or `ENVIRONMENT=NAME,…`."""

_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def access_of(engagement: Engagement, environment: Environment) -> Access:
    """The environment's access: the profile that the shell chooses, else the engagement file's, else the shell's own.

    `ProviderFailed` when there is no such profile, or others can read it; `ConfigurationError` for a malformed line.
    """
    shell = access.process_variables()
    environments = [each.name for each in engagement.environments]
    name = _chosen(shell.get(CHOSEN, ""), environment.name, environments) or environment.profile
    region, account, folder = environment.region, environment.account, engagement.repository
    if name is None:
        place, found = access.OF_PROCESS, access.of_process(region, account, folder)
    else:
        file = _file(name, folder, shell)
        place = str(file)
        found = Access(f"profile {name} ({file})", dict(_variables(file)), region, account, folder, shell)
    if found.emulation and found.emulation not in EMULATIONS:
        # An unknown emulation would be taken for one that lacks nothing.
        problem = Problem(place, 0, 0, f"there is no emulation `{found.emulation}`", " or ".join(EMULATIONS))
        raise ConfigurationError([problem])
    return found


def folders(repository: Path, shell: Mapping[str, str]) -> tuple[Path, Path]:
    """Folders that are searched for profiles: the repository's own, then the operator's."""
    home = Path(shell.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return repository / ".provisioning" / "profiles", home / "provisioning" / "profiles"


def _chosen(text: str, environment: str, environments: Sequence[str]) -> str | None:
    """The profile that the variable chooses for an environment; an error when it names one that is not there."""
    choices = [part.strip().rpartition("=") for part in text.split(",") if part.strip()]
    by_name = {for_whom.strip(): name.strip() for for_whom, _, name in choices}
    unknown = [name for name in by_name if name and name not in environments]
    if unknown:
        raise ProviderFailed(
            f"there is no environment `{unknown[0]}` to take a profile for",
            where=f"--profile or {CHOSEN}: {text}",
            remedy=f"NAME, or ENVIRONMENT=NAME with one of {', '.join(environments)}",
        )
    return by_name.get(environment) or by_name.get("")


def _file(name: str, repository: Path, shell: Mapping[str, str]) -> Path:
    candidates = [folder / f"{name}.env" for folder in folders(repository, shell)]
    found = next((file for file in candidates if file.is_file()), None)
    if found is None:
        raise ProviderFailed(
            f"there is no profile `{name}`",
            where=" or ".join(map(str, candidates)),
            remedy="docs/profiles.md says what is in one; `provisioning sandbox start` writes `sandbox`",
        )
    mode = found.stat().st_mode
    if mode & _FOR_OTHERS:
        raise ProviderFailed(
            f"the profile `{name}` is open to others",
            where=str(found),
            cause=f"its mode is {stat.S_IMODE(mode):o}, and credentials are in it",
            remedy=f"chmod 600 {found}",
        )
    return found


def _variables(file: Path) -> Iterator[tuple[str, str]]:
    try:
        with file.open(encoding="utf-8") as lines:
            bindings = list(parse_stream(lines))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text (UTF-8)"
        raise ProviderFailed("a profile cannot be read", where=str(file), cause=why, remedy="mend the file") from None
    wrong = [
        Problem(str(file), _line(each.original), 1, "this is no variable", "NAME=value")
        for each in bindings
        if each.error or (each.key is not None and each.value is None)
    ]
    if wrong:
        raise ConfigurationError(wrong)
    for each in bindings:
        if each.key is not None and each.value is not None:
            home = each.key.endswith("_FILE") and each.value.startswith("~")
            yield each.key, str(Path(each.value).expanduser()) if home else each.value


def _line(original: Original) -> int:
    """The line of an entry: the parser counts the empty lines before it as part of it."""
    text = original.string
    return original.line + text[: len(text) - len(text.lstrip())].count("\n")
