"""A CDK app as source code: what enters its digest, and what can be seen to be wrong with it before it runs."""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from provisioning_assets.backends.infrastructure.cdk import app
from provisioning_assets.backends.infrastructure.code import CodeProblem
from provisioning_assets.backends.infrastructure.folders import Below, required

_CARRIED_OUT = {"app", "context"}
_OF_THE_CLI = {"language", "notices", "output", "requireApproval", "versionReporting", "watch"}
"""Keys of `cdk.json` that tell the CDK CLI how to behave, and change no template."""


class CdkCode:
    """The code of CDK apps."""

    def sources(self, root: Path, repository: Path) -> dict[str, str]:
        """Relative path to SHA-256 of every file of the app; what no digest can hold is an error."""
        return required(self._read(root, repository))

    def _read(self, root: Path, repository: Path) -> Iterator[tuple[str, str] | CodeProblem]:
        below = Below(repository, app.is_beside)
        for each in below.files(root):
            if isinstance(each, CodeProblem):
                yield each
            else:
                yield from below.digests({str(each.relative_to(repository)): each})

    def validate(self, root: Path, variables: Collection[str], repository: Path) -> Iterator[CodeProblem]:
        """The app is there, is a Python app whose packages are pinned, and takes the variables that it is given."""
        shown = root.relative_to(repository).as_posix()
        if not (root / app.CDK_JSON).is_file():
            what = f"there is no CDK app in {shown}: it has no {app.CDK_JSON}"
            yield CodeProblem(what, f"a folder with {app.CDK_JSON}, relative to the repository", place=("root",))
            return
        try:
            told, taken = app.settings(root), app.variables(root)
            app.context(root)
        except app.Unreadable as error:
            file = f"{shown}/{error.file.name}"
            yield CodeProblem(error.what, "a JSON object", file, error.line, error.column)
            return
        yield from _settings(root, shown, told)
        yield from _packages(root, shown)
        unseen = [each for each in self._read(root, repository) if isinstance(each, CodeProblem)]
        yield from unseen or _elsewhere(root, repository)
        for name in variables:
            if name not in taken:
                what = f"{shown}/{app.CDK_JSON} has no variable `{name}` in its `context`"
                yield CodeProblem(what, place=("variables", name), choices=tuple(taken) or app.EVERY_STAGE)


def _settings(root: Path, shown: str, told: object) -> Iterator[CodeProblem]:
    """The app is a Python script of the folder, and nothing else is asked of whoever runs it."""
    assert isinstance(told, dict)  # noqa: S101 - app.settings read it
    file, where = root / app.CDK_JSON, f"{shown}/{app.CDK_JSON}"
    command = app.command(told)
    if command is None:
        what = f"`{told['app']}` is no Python app" if told.get("app") else "it names no `app`"
        yield CodeProblem(what, "`python3 app.py`, without a shell's words", where, app.line_of(file, "app"), 1)
    elif not (root / command[0]).is_file() or not (root / command[0]).resolve().is_relative_to(root.resolve()):
        what = f"there is no `{command[0]}` in {shown}"
        yield CodeProblem(what, "a script in this folder", where, app.line_of(file, "app"), 1)
    if not isinstance(told.get("context", {}), dict):
        yield CodeProblem("`context` is no mapping", "names and values", where, app.line_of(file, "context"), 1)
    for key in told.keys() - _CARRIED_OUT - _OF_THE_CLI:
        what = f"`{key}` is not carried out here, and could change the result"
        yield CodeProblem(what, "`app` and `context`", where, app.line_of(file, key), 1)


def _packages(root: Path, shown: str) -> Iterator[CodeProblem]:
    """Another version of a package is another template: the digest has to see it."""
    where = f"{shown}/{app.REQUIREMENTS}"
    if not (root / app.REQUIREMENTS).is_file():
        what = f"there is no {app.REQUIREMENTS} in {shown}: no digest would see another version of its packages"
        yield CodeProblem(what, f"{app.REQUIREMENTS}, with {app.LIBRARY}==VERSION", f"{shown}/{app.CDK_JSON}", 1, 1)
        return
    pins = list(app.pins(root))
    for pin in pins:
        if not pin.version:
            yield CodeProblem(f"`{pin.text}` is not pinned", "NAME==VERSION", where, pin.line, 1)
    if app.LIBRARY not in {pin.name for pin in pins}:
        yield CodeProblem(f"it does not pin {app.LIBRARY}", f"{app.LIBRARY}==VERSION", where, 1, 1)


def _elsewhere(root: Path, repository: Path) -> Iterator[CodeProblem]:
    """What lies outside of the app's folder, where no digest sees it change. What this does not see, a run finds."""
    for folder in app.linked_folders(root):
        what = "a link to a folder: no digest would see a change in it"
        yield CodeProblem(what, "the folder itself", folder.relative_to(repository).as_posix(), 1, 1)
    for file in app.files(root):
        if file.suffix != ".py":
            continue
        shown = file.relative_to(repository).as_posix()
        try:
            tree = ast.parse(file.read_bytes(), shown)
        except (SyntaxError, ValueError) as error:
            line, column = getattr(error, "lineno", None) or 1, getattr(error, "offset", None) or 1
            yield CodeProblem(f"no Python: {getattr(error, 'msg', error)}", "", shown, line, column)
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _leaves(root, file, node.value):
                what = f"`{node.value}` lies outside of the stage's code: no digest would see it change"
                yield CodeProblem(what, "the file, inside the app", shown, node.lineno, node.col_offset + 1)


def _leaves(root: Path, file: Path, text: str) -> bool:
    """Whether a text is a path that climbs out of the app, from where the app runs or from where it stands."""
    path = PurePosixPath(text)
    if ".." not in path.parts or "\n" in text:
        return False
    inside = root.resolve()
    return not all((base / path).resolve().is_relative_to(inside) for base in (root, file.parent))
