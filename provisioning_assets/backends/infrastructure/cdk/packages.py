"""Packages of Python that an app uses: those that it is pinned to, and no others."""

import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from provisioning_assets.backends.infrastructure import StageRoot
from provisioning_assets.backends.infrastructure.cdk import app
from provisioning_assets.errors import ProviderFailed

WATCHED = Path(__file__).with_name("watched.py")
"""The program that runs an app."""
PRELOADED = WATCHED.with_suffix(".cjs")
"""What its Node.js loads before anything else."""


def version() -> str:
    """`aws-cdk-lib 2.275.0`, or `none`."""
    try:
        return f"{app.LIBRARY} {metadata.version(app.LIBRARY)}"
    except metadata.PackageNotFoundError:
        return "none"


def require_pins(stage: StageRoot) -> None:
    """What is installed is what the app is pinned to, and so what its digest speaks of."""
    where = str(stage.root / app.REQUIREMENTS)
    if not (stage.root / app.REQUIREMENTS).is_file():
        raise ProviderFailed(f"{stage.name} pins no packages", where=where, remedy=f"pin {app.LIBRARY} in it")
    for pin in app.pins(stage.root):
        try:
            found = metadata.version(pin.name) if pin.name else "nothing that can be compared"
        except metadata.PackageNotFoundError:
            found = "nothing"
        if found != pin.version:
            raise ProviderFailed(
                f"{stage.name} is pinned to {pin.text}; installed is {found}",
                where=f"{where}:{pin.line}",
                remedy=f"pip install -r {where}, or correct the pin",
            )


def require_own(stage: StageRoot, touched: Mapping[str, Sequence[str]], made: Sequence[Path]) -> None:
    """Everything that the app read is in its digest, in a package of a version that it names, or `made` by this run."""
    files = {file.resolve() for file in app.files(stage.root)}
    root = stage.root.resolve()
    folders = {root, *(folder for file in files for folder in file.parents if folder.is_relative_to(root))}
    own, known = {*files, *folders}, (*map(Path, _installed()), *(folder.resolve() for folder in made))
    # The way to the app may be looked at, for it says no more than where the app is; and not listed.
    looked = (path for path in map(Path, touched.get("looked", ())) if path not in {*root.parents, *_way(known)})
    outside = [
        str(path)
        for path in (*map(Path, touched["read"]), *looked)
        if path not in own
        and not any(path.is_relative_to(each) for each in known)
        and not (not path.exists() and app.would_belong(root, path))
    ]
    if touched["refused"]:
        raise ProviderFailed(
            f"the app of {stage.name} does more than make a template: {', '.join(touched['refused'])}",
            where=str(stage.root),
            remedy="take what it needs from its own files, or from a variable of the stage",
        )
    if outside:
        raise ProviderFailed(
            f"the app of {stage.name} reads what no digest would see change",
            where=", ".join(outside[:5]),
            remedy="move it into the app's folder, or give its content as a variable of the stage",
        )
    pinned = _with_dependencies({pin.name for pin in app.pins(stage.root)})
    packages = metadata.packages_distributions()
    used = {each.lower().replace("_", "-"): name for name in touched["used"] for each in packages.get(name, ())}
    unpinned = sorted(used.keys() - pinned - _OF_PYTHON)
    if unpinned:
        raise ProviderFailed(
            f"the app of {stage.name} uses packages that it does not pin: {', '.join(unpinned)}",
            where=str(stage.root / app.REQUIREMENTS),
            remedy="pin each of them there",
        )


def _way(known: Iterable[Path]) -> Iterator[Path]:
    """The folders on the way to what is known."""
    return (folder for each in known for folder in each.parents)


_OF_PYTHON = {"pip", "setuptools", "wheel"}
"""Packages that a virtual environment loads by itself."""


@cache
def _installed() -> tuple[str, ...]:
    """Where Python and its packages lie: their versions are pinned, or part of the engine's identity."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {str(Path(sysconfig.get_path(name)).resolve()) for name in names}
    zipped = Path(sys.base_prefix).resolve() / sys.platlibdir / f"python{sys.version_info[0]}{sys.version_info[1]}.zip"
    return tuple(sorted({*found, str(zipped), str(WATCHED.resolve()), "/dev"}))


def _with_dependencies(names: set[str]) -> set[str]:
    todo, found = set(names), set[str]()
    while todo:
        name = todo.pop()
        found.add(name)
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        plain = {
            re.split(r"[\s;<>=!~\[(]", each)[0].lower().replace("_", "-") for each in needed if "extra ==" not in each
        }
        todo |= plain - found
    return found
