"""Answers to http-01 challenges (RFC 8555, 8.3), put where the team's edge serves files from: a folder or a bucket.

A file of ours is known by its content, which ends in the thumbprint of our account's key: what a killed run left is
found by the next one, and what others have put there is left alone. Nobody looks before the authority does: our
vantage point is another one, and a web server is no product of ours that could be asked.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from acme.challenges import HTTP01

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.s3_objects import Objects
from provisioning_assets.errors import ProviderFailed

_S3 = "s3://"
_REMEDY = "let it be what the edge serves, or correct `webroot` in the engagement file"


class Webroot(Protocol):
    """A place whose files the edge serves under /.well-known/acme-challenge/."""

    def reach(self) -> None:
        """Require that it is there."""
        ...

    def put(self, token: str, text: str) -> None:
        """Make a file."""
        ...

    def texts(self) -> Mapping[str, str]:
        """What is there, whoever put it."""
        ...

    def remove(self, token: str) -> None:
        """Take a file away; none is none."""
        ...


@contextmanager
def serving(webroot: Webroot, answers: Mapping[str, str], thumbprint: str) -> Iterator[None]:
    """Serve texts by their tokens inside the context, without what an earlier run of ours has left there."""
    _clear(webroot, thumbprint)
    try:
        for token, text in answers.items():
            webroot.put(token, text)
        yield
    finally:
        _clear(webroot, thumbprint)


def opened(place: str, access: Access) -> Webroot:
    """The webroot of a setting."""
    return Bucket.of(place, access) if place.startswith(_S3) else Folder(Path(place))


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine, such as one that the edge shares."""

    root: Path

    def reach(self) -> None:
        """Require that it is there: one that is made here is served by nobody."""
        if not self.root.is_dir():
            raise self._unusable("there is no such folder")

    def put(self, token: str, text: str) -> None:
        """Everybody may read it, and so may the web server."""
        self.reach()
        with self._translated():
            for folder in (
                *reversed(self._files.relative_to(self.root).parents[:-1]),
                self._files.relative_to(self.root),
            ):
                if not (made := self.root / folder).is_dir():
                    made.mkdir()
                    made.chmod(0o755)
            file = self._files / token
            file.write_text(text, encoding="ascii")
            file.chmod(0o644)

    def texts(self) -> Mapping[str, str]:
        """The files that can be read."""
        with self._translated():
            found = [file for file in self._files.iterdir() if file.is_file()] if self._files.is_dir() else []
            texts = {}
            for file in found:
                with suppress(FileNotFoundError, PermissionError):  # those of other programs come and go
                    texts[file.name] = file.read_text(encoding="utf-8", errors="replace")
            return texts

    def remove(self, token: str) -> None:
        """Take a file away."""
        with self._translated():
            (self._files / token).unlink(missing_ok=True)

    @property
    def _files(self) -> Path:
        return self.root / HTTP01.URI_ROOT_PATH

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._unusable(error.strerror or type(error).__name__) from None

    def _unusable(self, cause: str) -> ProviderFailed:
        return ProviderFailed("the webroot cannot be used", where=str(self.root), cause=cause, remedy=_REMEDY)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of S3, from the prefix on."""

    objects: Objects
    folder: str
    """Beginning of the keys of the files."""

    @classmethod
    def of(cls, place: str, access: Access) -> Self:
        """The bucket in the environment's account, by its URL."""
        bucket, _, prefix = place.removeprefix(_S3).partition("/")
        objects = Objects(aws.of(access), bucket, called="the bucket of the webroot", remedy=_REMEDY)
        return cls(objects, f"{prefix}/{HTTP01.URI_ROOT_PATH}/".lstrip("/"))

    def reach(self) -> None:
        """Require that the credentials belong to the environment's account."""
        self.objects.own.reach()

    def put(self, token: str, text: str) -> None:
        """Make an object that browsers and edges read as text."""
        key = self.folder + token
        if not self.objects.put(key, text.encode(), version=None, ContentType="text/plain"):
            raise ProviderFailed("somebody else has put this file", where=key, remedy=_REMEDY)

    def texts(self) -> Mapping[str, str]:
        """The objects."""
        found = {key: self.objects.read(key) for key in self.objects.versions(self.folder)}
        return {key.removeprefix(self.folder): each[0].decode(errors="replace") for key, each in found.items() if each}

    def remove(self, token: str) -> None:
        """Take an object away."""
        if there := self.objects.read(self.folder + token):
            self.objects.delete(self.folder + token, version=there[1])


def _clear(webroot: Webroot, thumbprint: str) -> None:
    """Take away what is ours."""
    for token, text in webroot.texts().items():
        if text == f"{token}.{thumbprint}":
            webroot.remove(token)
