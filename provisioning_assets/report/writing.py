"""Reports on disk: each file is whole, or the one before it is still there."""

import os
import tempfile
from pathlib import Path

from provisioning_assets.errors import ProvisioningError
from provisioning_assets.report.as_html import as_html
from provisioning_assets.report.as_json import as_json
from provisioning_assets.report.as_junit import as_junit
from provisioning_assets.report.as_markdown import as_markdown
from provisioning_assets.report.model import Report

FORMATS = {"html": as_html, "md": as_markdown, "json": as_json, "xml": as_junit}
"""File name suffix to what makes the text."""


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write `readiness.{html,md,json,xml}` and return the paths; `ProvisioningError` when the disk refuses."""
    texts = {folder / f"readiness.{suffix}": make(report) for suffix, make in FORMATS.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            _replace(path, text)
    except OSError as error:
        raise ProvisioningError(
            "the readiness report could not be written",
            where=str(error.filename or folder),
            cause=error.strerror or str(error),
            remedy="make room or give yourself the right to write there, then run `provisioning readiness` again",
        ) from error
    return list(texts)


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
