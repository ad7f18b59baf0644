"""What every engine's stages are put through."""

from provisioning_assets.backends.infrastructure import QUIET, Engine, Listener, StageRoot


def bring_up(engine: Engine, root: StageRoot) -> list[str]:
    """Plan and apply; what was told."""
    lines: list[str] = []
    listener = Listener(lines.append)
    engine.apply(root, engine.plan(root, listener), listener)
    return lines


def planned(engine: Engine, root: StageRoot) -> list[str]:
    """What a plan would change."""
    return [str(change) for change in engine.plan(root, QUIET).changes]
