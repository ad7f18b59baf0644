"""The version of a rule: the closure of its check's own code, and what it requires of products.

A product behind a protocol is no part of a rule, and neither are the machinery that runs checks and the version of
what is installed: that is recorded beside the evidence.
"""

import inspect
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from provisioning_assets.backends.catalogue import PRODUCTS
from provisioning_assets.core.closures import Closures
from provisioning_assets.core.kinds import Capability
from provisioning_assets.core.plan import digest

_PACKAGE = "provisioning_assets."
_COUNTED = ("assets", "core", "engagement", "operations", "probes", "runs.declared")
"""Rooms whose code may be part of a rule; of the back ends, what the products of a kind share."""
_MODELS = ("provisioning_assets.engagement.models", "provisioning_assets.engagement.sections")
"""What a check is handed: their methods and properties decide whether anything is looked at."""
_TOLD = ("provisioning-assets", "dagster")


@cache
def version_of(check: Callable[..., Any], requires: tuple[Capability, ...] = ()) -> str:
    """The version of the rule that a check is: another one when its code says anything else."""
    return digest({"closure": dict(closure_of(check)), "requires": sorted(requires)})


@cache
def closure_of(check: Callable[..., Any]) -> Mapping[str, str]:
    """`module:name` of each definition that a check reaches, its own first, to the digest of its code."""
    module, name = check.__module__, check.__qualname__
    if _text(module) is not None and "." not in name:
        return _OURS.of(module, name)
    # One of a test, or one that was made in a function.
    own = textwrap.dedent(inspect.getsource(check))
    return Closures(lambda asked: own if asked == module else _text(asked), _MODELS).of(module, check.__name__)


@cache
def products() -> Mapping[str, str]:
    """What is installed that carries checks out, by name and version."""
    found = {}
    for name in _TOLD:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def _text(module: str) -> str | None:
    """The source of a module whose code may be part of a rule."""
    below = module.removeprefix(_PACKAGE)
    if below == module or not (_is_below(below, _COUNTED) or _is_shared(below)):
        return None
    try:
        found = sys.modules.get(module) or find_spec(module)
    except ModuleNotFoundError:  # its parent is no package
        return None
    file = getattr(found, "__file__", None) or getattr(found, "origin", None)
    return Path(file).read_text(encoding="utf-8") if file else None


def _is_shared(module: str) -> bool:
    """Whether a module is of a kind of back end, and of none of its products."""
    kinds, own = _of_products()
    return _is_below(module, kinds) and not _is_below(module, own)


@cache
def _of_products() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The rooms of the kinds, and in them the modules of single products."""
    paths = [product.where.partition(":")[0].split(".") for product in PRODUCTS]
    return (
        tuple(sorted({f"backends.{kind}" for kind, *_ in paths})),
        tuple(sorted({f"backends.{kind}.{name}" for kind, name, *_ in paths})),
    )


def _is_below(module: str, rooms: Sequence[str]) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


_OURS = Closures(_text, _MODELS)
