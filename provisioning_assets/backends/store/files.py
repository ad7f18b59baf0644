"""Files in a folder: for a ledger on one machine or a shared disk."""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Self

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.store.settings import Files
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

_LOCK, _IGNORE = ".lock", ".gitignore"
_PART = ".part"


class FileStore:
    """A folder. Keys are relative paths; a version is the SHA-256 of the content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def open(cls, settings: Files, access: Access) -> Self:
        """The folder of the settings, in the repository."""
        return cls(access.folder / settings.folder)

    def reach(self) -> None:
        """Require that the folder is writable, or the one in which it will be created."""
        with self._translated():
            place = next(each for each in (self._folder, *self._folder.parents) if each.exists())
            if not (place.is_dir() and os.access(place, os.W_OK)):
                raise self._unusable("not writable" if place.is_dir() else f"{place} is no folder")

    def identity(self) -> Mapping[str, Json]:
        """The folder's path."""
        return {"folder": str(self._folder.resolve())}

    def prepare(self) -> None:
        """Create the folder."""
        with self._translated():
            self._make()

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Content and its hash."""
        with self._translated():
            try:
                content = self._path(key).read_bytes()
            except FileNotFoundError:
                return None
            return content, _version(content)

    def versions(self, prefix: str, *, after: str = "") -> dict[str, str]:
        """Hash of each file whose key has the prefix, sorted by key."""
        with self._translated():
            files = (path for path in self._folder.rglob("*") if path.is_file() and path.suffix != _PART)
            keys = (path.relative_to(self._folder).as_posix() for path in files if path.name not in {_LOCK, _IGNORE})
            found = sorted(key for key in keys if key.startswith(prefix) and key > after)
            return {key: _version((self._folder / key).read_bytes()) for key in found}

    def create(self, key: str, content: bytes) -> bool:
        """Put if absent."""
        return self._put(key, content, expected=None)

    def replace(self, key: str, content: bytes, *, version: str) -> bool:
        """Put if the content is still the one with this hash."""
        return self._put(key, content, expected=version)

    def delete(self, key: str, *, version: str) -> bool:
        """Delete if the content is still the one with this hash."""
        with self._locked():
            found = self.read(key)
            if found is None or found[1] != version:
                return False
            self._path(key).unlink()
            return True

    def _put(self, key: str, content: bytes, *, expected: str | None) -> bool:
        with self._locked():
            found = self.read(key)
            if (found[1] if found else None) != expected:
                return False
            target = self._path(key)
            target.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=target.parent, suffix=_PART, delete=False) as part:
                part.write(content)
                part.flush()
                os.fsync(part.fileno())
            Path(part.name).rename(target)
            _sync(target.parent)
            return True

    def _path(self, key: str) -> Path:
        path = (self._folder / key).resolve()
        if not path.is_relative_to(self._folder.resolve()):
            raise ProviderFailed(f"the key {key!r} leads out of the store", where=str(self._folder))
        if path.name in {_LOCK, _IGNORE} or path.suffix == _PART:
            raise ProviderFailed(f"the key {key!r} is the store's own", where=str(self._folder))
        return path

    def _make(self) -> None:
        """The folder lies in the repository: one that we make is not committed by accident."""
        if not self._folder.is_dir():
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / _IGNORE).write_text("*\n", encoding="ascii")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Writers one after another; the lock ends with the process."""
        with self._translated():
            self._make()
            with (self._folder / _LOCK).open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error

    def _unusable(self, cause: str) -> ProviderFailed:
        return ProviderFailed(
            "the file store cannot be used",
            where=str(self._folder),
            cause=cause,
            remedy="check that the folder exists, is writable, and that the disk is not full",
        )


def _sync(folder: Path) -> None:
    """Make a new name in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
