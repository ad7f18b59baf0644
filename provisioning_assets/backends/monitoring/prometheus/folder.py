"""The folder that Prometheus and Alertmanager read, on this host: files are changed whole, or stay as they were."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.util import load_yaml_guess_indent

from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

_BUSY = 60
"""Seconds in which another environment's run may finish with the files."""
_HEAD = "# Written by `provisioning apply`: what is changed here by hand is found, and undone.\n"


class Folder:
    """`alertmanager.yml` of the team, with our routes in it; files of ours in `rules/`, `targets/` and `consoles/`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.alertmanager = root / "alertmanager.yml"

    def rules(self, scope: str) -> Path:
        """Of one scope."""
        return self.root / "rules" / f"{scope}.yml"

    def targets(self, scope: str) -> Path:
        """Of one scope."""
        return self.root / "targets" / f"{scope}.yml"

    def consoles(self, scope: str) -> Path:
        """Of one scope: a folder."""
        return self.root / "consoles" / scope

    def require(self) -> None:
        """That it is on this host: without it, nothing that is read or written means anything."""
        if not self.root.is_dir():
            raise ProviderFailed(
                "there is no folder that Prometheus and Alertmanager read",
                where=str(self.root),
                remedy="set `folder` of the monitoring provider to the one that both are started with",
            )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else of us changes files meanwhile: environments share Alertmanager's."""
        self.require()
        lock = FileLock(self.root / ".provisioning.lock", timeout=_BUSY)
        try:
            held = lock.acquire()
        except Timeout:
            raise ProviderFailed(
                "another run is changing the files", where=str(self.root), remedy="wait for it, then run again"
            ) from None
        except OSError as error:
            raise _unusable(self.root, error) from None
        with held:
            yield

    def unread_rules(self) -> str:
        """Where to look when Prometheus does not load its rules: it does not say which file is to blame."""
        folder, blamed = self.root / "rules", list[str]()
        for file in sorted(folder.glob("*.y*ml")):
            try:
                parsed(file.read_text(encoding="utf-8"), file.name)
            except (OSError, UnicodeDecodeError, ProviderFailed):
                blamed.append(file.name)
        told = f"mend {', '.join(blamed)}, which cannot be read" if blamed else "mend the file that cannot be loaded"
        return f"{told} (promtool check rules {folder}/*), then run again"

    @contextmanager
    def changed(self, file: Path, text: str | None) -> Iterator[None]:
        """Write the file, or remove it with None. When what follows fails, it is again as the servers know it."""
        try:
            before = file.read_text(encoding="utf-8") if file.exists() else None
            _put(file, text)
        except OSError as error:
            raise _unusable(file, error) from None
        try:
            yield
        except BaseException:
            with suppress(OSError):
                _put(file, before)
            raise


@lru_cache(maxsize=4)
def parsed(text: str, where: str) -> Json:
    """YAML as plain data, to be read only: what a server has loaded is asked for often, and seldom another."""
    return _loaded(YAML(typ="safe", pure=True).load, text, where)


class Edited:
    """YAML that people wrote, to be changed: their comments, quotes and indentation stay."""

    def __init__(self, text: str, where: str) -> None:
        self._yaml = YAML()
        self._yaml.preserve_quotes = True
        self._yaml.width = 4096
        _, sequence, offset = _loaded(load_yaml_guess_indent, text, where)
        self._yaml.indent(sequence=sequence, offset=offset)
        self.content = _loaded(self._yaml.load, text, where)

    @property
    def text(self) -> str:
        """As it is now."""
        return _dumped(self._yaml, self.content)


def ours(document: Json) -> str:
    """A document of our own."""
    yaml = YAML()
    yaml.width = 4096
    return _HEAD + _dumped(yaml, document)


def _dumped(yaml: YAML, document: Any) -> str:
    written = StringIO()
    yaml.dump(document, written)
    return written.getvalue()


def _loaded(load: Callable[[str], Any], text: str, where: str) -> Any:
    try:
        return load(text)
    except YAMLError as error:
        raise ProviderFailed(
            "a file cannot be read", where=where, cause=" ".join(str(error).split()), remedy="mend it, then run again"
        ) from None


def _put(file: Path, text: str | None) -> None:
    """Whole at once, with the owner and the mode that it had: a server may read as somebody else."""
    if text is None:
        file.unlink(missing_ok=True)
        return
    real = file.resolve()
    real.parent.mkdir(parents=True, exist_ok=True)
    new = real.with_name(f".{real.name}.new")
    new.write_text(text, encoding="utf-8")
    if real.exists():
        shutil.copymode(real, new)
        with suppress(PermissionError):
            os.chown(new, real.stat().st_uid, real.stat().st_gid)
    new.replace(real)


def _unusable(file: Path, error: OSError) -> ProviderFailed:
    remedy = "give yourself the right to it: runs write here what Prometheus and Alertmanager read"
    return ProviderFailed("a file cannot be used", where=str(file), cause=error.strerror or "", remedy=remedy)
