"""The page of all readiness items, from the code."""

from collections.abc import Iterable

from provisioning_assets.core.items import REVIEW_ITEMS, Item


def catalogue(items: Iterable[tuple[str, Item]]) -> str:
    """Markdown: every item with its assets, in the order of the readiness review. `items` are (asset, item)."""
    lines = [
        "# Readiness items",
        "",
        "Each name is the claim that is true when the item is green. Written from the code by `make docs`.",
    ]
    assets: dict[Item, list[str]] = {}
    for asset, item in sorted(set(items), key=lambda each: (each[1].review_item, each[0], each[1].name)):
        assets.setdefault(item, []).append(f"`{asset}`")
    for number, title in enumerate(REVIEW_ITEMS, 1):
        lines += ["", f"## {number}. {title}", ""]
        for item, named in assets.items():
            if item.review_item == number:
                of = f"- Of: {', '.join(named)}"
                lines += [f"### `{item.name}`", "", item.description, "", of, *_facts(item), ""]
    return "\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n"


def _facts(item: Item) -> Iterable[str]:
    hours = item.max_age.total_seconds() / 3600
    yield f"- Holds: the {item.gates}"
    yield "- Evidence counts until the next run" if item.of_runs else f"- Evidence counts for: {hours:.0f} hours"
    if item.lasting:
        yield "- A slow proof: while its evidence counts, a run states it again without repeating it."
    if item.planned:
        yield "- Not built yet: it is `not_run`, and holds the launch."
