"""The page of all back ends, from the catalogue: what each product can do, where it is proven, what is not tested."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from inspect import cleandoc

from provisioning_assets.backends.emulations import Emulation
from provisioning_assets.backends.product import Product
from provisioning_assets.core.kinds import Capability, Kind

_HEAD = """# Back ends

Every product that an engagement file can name, by kind. Written from the catalogue by `make docs`.

The contract suite of a kind runs for each of its products, on the real server that is named here. What no server here
can show is listed as NOT TESTED: try it in an account of your own before you rely on it ([how](real-accounts.md)).
A readiness item that requires a capability which a product lacks is red, with the reason that stands here; a person may
waive it, the code may not. [How to add a product](adding-a-back-end.md)."""


def back_ends(
    products: Sequence[Product], meanings: Mapping[Capability, str], emulations: Mapping[str, Emulation]
) -> str:
    """Markdown: every product of every kind, then what stands in for a cloud. `meanings` says what capabilities are."""
    lines = [_HEAD]
    for kind in Kind:
        own = [product for product in products if product.kind is kind]
        lines += ["", f"## `{kind}`", "", *_capabilities(kind, own, meanings)]
        for product in own:
            described = cleandoc(product.settings.__doc__ or "")
            lines += [f"### `{product.name}`", "", described, "", *_proof(product), ""]
    lines += ["", "## Emulations", "", *_emulations(emulations)]
    return "\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n"


def _capabilities(kind: Kind, products: Sequence[Product], meanings: Mapping[Capability, str]) -> Iterator[str]:
    """Which product has which capability; nothing where no item asks for one."""
    capabilities = [each for each in Capability if each.kind is kind]
    if capabilities:
        yield from _row("capability", "what it is", *(f"`{product.name}`" for product in products))
        yield from _row(*["---"] * (2 + len(products)))
        for each in capabilities:
            has = ("no" if each in product.lacks else "yes" for product in products)
            yield from _row(f"`{each}`", meanings[each], *has)
        yield ""


def _proof(product: Product) -> Iterator[str]:
    yield f"- Proven on: {product.proven}"
    yield from (f"- Lacks `{capability}`: {reason}" for capability, reason in sorted(product.lacks.items()))
    yield from (f"- NOT TESTED: {each}" for each in product.not_tested)


def _emulations(emulations: Mapping[str, Emulation]) -> Iterator[str]:
    yield "What stands in for a cloud, as a profile names it in `PROVISIONING_EMULATION`."
    yield ""
    yield from _row("emulation", "alarms are evaluated by", "what a product lacks there")
    yield from _row(*["---"] * 3)
    for name, emulation in emulations.items():
        lacks = (
            f"`{product}`: `{capability}`, {reason}"
            for product, lacking in emulation.lacks.items()
            for capability, reason in lacking.items()
        )
        yield from _row(f"`{name}`", emulation.alarm_evaluator, "; ".join(lacks))


def _row(*cells: str) -> Iterable[str]:
    yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
