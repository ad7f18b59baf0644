"""Profiles: a file of variables for one environment, with the addresses of its servers and the credentials for them.

A profile lies outside the repository, or under `.provisioning/`, which git ignores. Each line is `NAME=value`.
"""

import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from dotenv.parser import Original, parse_stream

from provisioning_assets.backends import access, catalogue
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.emulations import EMULATIONS
from provisioning_assets.backends.variables import CLOSED, Judge, Variables
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.errors import ConfigurationError, Problem, ProviderFailed
from provisioning_assets.probes import resolvers, tls

CHOSEN = "PROVISIONING_PROFILE"
"""Shell variable that chooses profiles: `NAME` for every environment, or `ENVIRONMENT=NAME,…`."""

VARIABLES: Variables = {**catalogue.variables(), **access.VARIABLES, **resolvers.VARIABLES, **tls.VARIABLES}
"""What products and we ourselves read of a profile; names that end in `_` begin many."""

_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ALIKE = 0.8
"""From here on a name is taken for a misspelt other one: `AWS_SECRET_KEY` is, `NOMAD_TOKEN` is not."""
_REMEDY = "one NAME=value a line, each name once; docs/profiles.md says what is in a profile"


@dataclass(frozen=True, slots=True)
class _Line:
    """One variable of a profile, and where it stands."""

    number: int
    name: str
    value: str


def access_of(engagement: Engagement, environment: Environment) -> Access:
    """The environment's access: the profile that the shell chooses, else the engagement file's, else the shell's own.

    `ProviderFailed` when there is no such profile, or others can read it; `ConfigurationError` with each line that is
    wrong in it.
    """
    shell = access.process_variables()
    environments = [each.name for each in engagement.environments]
    name = _chosen(shell.get(CHOSEN, ""), environment.name, environments) or environment.profile
    region, account, folder = environment.region, environment.account, engagement.repository
    if name is None:
        found = access.of_process(region, account, folder, engagement.folder)
        _refuse(_emulations([_Line(0, access.EMULATION, found.emulation)], access.OF_PROCESS))
        return found
    file = _file(name, folder, shell, engagement.name)
    lines = _lines(file)
    variables = {each.name: each.value for each in lines}
    found = Access(f"profile {name} ({file})", variables, region, account, folder, shell, engagement.folder)
    _refuse([*_names(lines, str(file), found.passed_on), *_values(lines, str(file)), *_emulations(lines, str(file))])
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


def _file(name: str, repository: Path, shell: Mapping[str, str], engagement: str) -> Path:
    candidates = [folder / f"{name}.env" for folder in folders(repository, shell)]
    found = next((file for file in candidates if _is_there(file)), None)
    if found is None:
        raise ProviderFailed(
            f"there is no profile `{name}`",
            where=" or ".join(map(str, candidates)),
            remedy=f"docs/profiles.md says what is in one; `provisioning sandbox start {engagement}` writes one whose"
            " name begins with `sandbox`",
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


def _is_there(file: Path) -> bool:
    """Whether a profile is in this file; an error where the system does not let us look."""
    try:
        return file.is_file()
    except OSError as error:
        raise ProviderFailed(
            "whether there is a profile cannot be seen",
            where=str(file),
            cause=error.strerror or type(error).__name__,
            remedy=f"give yourself the right to read {file.parent}, or choose another profile",
        ) from None


def _lines(file: Path) -> list[_Line]:
    """The variables of a file."""
    try:
        with file.open(encoding="utf-8") as text:
            bindings = list(parse_stream(text))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text (UTF-8)"
        raise ProviderFailed("a profile cannot be read", where=str(file), cause=why, remedy="mend the file") from None
    _refuse(
        Problem(str(file), _line(each.original), 1, "this is no variable", "NAME=value")
        for each in bindings
        if each.error or (each.key is not None and each.value is None)
    )
    return [
        _Line(_line(each.original), each.key, _at_home(each.key, each.value))
        for each in bindings
        if each.key is not None and each.value is not None
    ]


def _at_home(name: str, value: str) -> str:
    """A value as a shell would read it: the path of a file may begin in the home folder."""
    return str(Path(value).expanduser()) if name.endswith("_FILE") and value.startswith("~") else value


def _names(lines: Sequence[_Line], file: str, passed_on: Collection[str]) -> Iterator[Problem]:
    """Names that stand there twice, and those that somebody meant to be another one."""
    first: dict[str, int] = {}
    for each in lines:
        if first.setdefault(each.name, each.number) != each.number:
            what = f"`{each.name}` stands in line {first[each.name]} already"
            yield Problem(file, each.number, 1, what, "each name once")
        if _judge(each.name) or each.name in passed_on:
            continue
        alike = 0.0 if each.name.upper().startswith(CLOSED) else _ALIKE
        for near in get_close_matches(each.name.upper(), VARIABLES, n=1, cutoff=alike):
            expected = f"`{near}`; a program's own variable is named in {access.PASS_ON}, too"
            yield Problem(file, each.number, 1, f"nobody reads `{each.name}`", expected)


def _values(lines: Sequence[_Line], file: str) -> Iterator[Problem]:
    """Values that cannot be right. They are not repeated: a secret may stand where an address belongs."""
    for each in lines:
        judge = _judge(each.name)
        if judge and each.value:
            try:
                judge(each.value)
            except ValueError as error:
                yield Problem(file, each.number, 1, f"the value of `{each.name}` cannot be used", str(error))


def _emulations(lines: Sequence[_Line], place: str) -> Iterator[Problem]:
    """What is not known to lack something would be taken for the real thing."""
    for each in lines:
        if each.name == access.EMULATION and each.value and each.value not in EMULATIONS:
            what, known = f"there is no emulation `{each.value}`", " or ".join(EMULATIONS)
            yield Problem(place, each.number, min(each.number, 1), what, known)


def _judge(name: str) -> Judge | None:
    """What judges the values of a variable; None for one that is not known."""
    family = next((known for known in VARIABLES if known.endswith("_") and name.startswith(known)), "")
    return VARIABLES.get(name) or VARIABLES.get(family)


def _refuse(problems: Iterable[Problem]) -> None:
    if found := list(problems):
        raise ConfigurationError(found, remedy=_REMEDY)


def _line(original: Original) -> int:
    """The line of an entry: the parser counts the empty lines before it as part of it."""
    text = original.string
    return original.line + text[: len(text) - len(text.lstrip())].count("\n")
