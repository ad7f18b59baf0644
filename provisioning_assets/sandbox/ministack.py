"""MiniStack: a second emulated AWS, whose CloudFormation plans and finds drift.

    python -m provisioning_assets.sandbox.ministack

installs it. It has an environment of its own: it pins another botocore than ours. `make servers` calls it.
"""

import subprocess
import venv
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from provisioning_assets.errors import ProvisioningError

PINS = Path(__file__).with_name("ministack.txt")
FOLDER = Path(__file__).parents[2] / ".provisioning" / "ministack"
ACCOUNT = "123456789012"


def install(progress: Callable[[str], object] = lambda _line: None) -> None:
    """Make the environment, unless it is there with the very same packages."""
    done = FOLDER / "installed.txt"
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{FOLDER}.lock"):  # every sandbox of this repository takes it from here
        if done.is_file() and done.read_text() == PINS.read_text():
            return
        progress("installing MiniStack from PyPI")
        venv.create(FOLDER, clear=True, with_pip=True)
        install_pins = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(PINS)]
        subprocess.run([str(FOLDER / "bin/python"), "-m", "pip", *install_pins], check=True)
        done.write_text(PINS.read_text())


def program() -> Path:
    """Where its program is; `ProvisioningError` when nobody installed it."""
    found = FOLDER / "bin/ministack"
    if not found.is_file():
        raise ProvisioningError("MiniStack is not installed", where=str(FOLDER), remedy="make servers")
    return found


def command() -> list[str]:
    """How it is started: by its own Python, without what lies beside our file, behind our check."""
    program()
    return [str(FOLDER / "bin/python"), "-P", str(Path(__file__).with_name("ministack_for_programs.py"))]


def variables(port: int, **more: str) -> dict[str, str]:
    """What it is told; `more` are further variables of its own."""
    return {
        "HOME": str(FOLDER),
        "BIND_HOST": "127.0.0.1",  # its default is every address
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        **more,
    }


if __name__ == "__main__":
    install()
