"""`provisioning` called in this process, by the words that somebody types."""

import pytest

from provisioning_assets.cli.commands import main


def call(*words: str) -> int | str | None:
    """Exit code of a command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["provisioning", *words])
        with pytest.raises(SystemExit) as end:
            main()
    return end.value.code
