"""Where engagements lie: a folder for each, below one that holds them all."""

from pathlib import Path

FILE = "engagement.yaml"


def find_engagements(root: Path) -> list[Path]:
    """Folders below `root`, sorted by name. One without an engagement file is one, too: loading it says so."""
    return sorted(folder for folder in root.glob("[!._]*") if folder.is_dir())
