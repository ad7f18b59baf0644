"""Write docs/back-ends.md from the catalogue: `make docs`."""

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from provisioning_assets.backends.catalogue import PRODUCTS
from provisioning_assets.backends.emulations import EMULATIONS
from provisioning_assets.core.kinds import Capability
from provisioning_assets.report.back_ends import back_ends

PAGE = Path(__file__).resolve().parent / "back-ends.md"


def page() -> str:
    """The page as the catalogue has it now."""
    return back_ends(PRODUCTS, meanings(), EMULATIONS)


def meanings() -> dict[Capability, str]:
    """What is written below each capability in the code."""
    return dict(_described(ast.parse(inspect.getsource(Capability)).body[0]))


def _described(code: ast.stmt) -> Iterator[tuple[Capability, str]]:
    for pair in pairwise(getattr(code, "body", [])):
        match pair:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(words))):
                yield Capability[name], " ".join(words.split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
