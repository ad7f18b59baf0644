"""Runs a CDK app as `python app.py` does, and writes down what it touched: the files it read, the packages it used.

    python watched.py REPORT app.py [ARGUMENT...]

A program of its own: the app's process. What an app is to make of its code alone, it needs no network for, and no
program but the Node.js of its library: both are refused.
"""

import json
import os
import runpy
import sys
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from types import CodeType

_FORBIDDEN = {
    "socket.connect", "socket.getaddrinfo", "os.system", "os.exec", "os.posix_spawn", "os.startfile", "os.fork",
}  # fmt: skip
_LISTINGS = {"os.listdir", "os.scandir"}
_DATABASES = {"sqlite3.connect"}
_LOOKS = ("access", "lstat", "readlink", "stat")
"""Calls that Python tells no hook of: whether something is there can change a template, too."""
_PATHS = (str, bytes, os.PathLike)


class _Source(SourceFileLoader):
    """Loads what was reviewed: of the app's own modules, nothing that was compiled earlier."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _own_source(folder: str, own: str) -> FileFinder:
    if not os.path.isdir(folder) or os.path.commonpath((os.path.realpath(folder), own)) != own:  # noqa: PTH112
        raise ImportError(folder)
    return FileFinder(folder, (ExtensionFileLoader, EXTENSION_SUFFIXES), (_Source, SOURCE_SUFFIXES))


def main() -> None:
    """Run the app, and leave the report also when it fails."""
    report, script, *arguments = sys.argv[1:]
    read: set[str] = set()
    refused: set[str] = set()
    looked: set[str] = set()
    own = os.getcwd()  # noqa: PTH109 - no pathlib beside the app

    def whole(name: object) -> str:
        # From where the app is now: it may have gone elsewhere.
        return os.path.join(os.getcwd(), os.fsdecode(name) if isinstance(name, _PATHS) else "")  # noqa: PTH109, PTH118

    def look(name: str) -> None:
        original = getattr(os, name)

        def looking(path: object, *rest: object, **named: object) -> object:
            if isinstance(path, _PATHS):
                looked.add(whole(path))
            return original(path, *rest, **named)

        setattr(os, name, looking)

    def watch(event: str, about: tuple[object, ...]) -> None:
        if event in _LISTINGS or event in _DATABASES or (event == "open" and _reading(about)):
            read.add(whole(about[0]))
        elif event in _FORBIDDEN or (event == "subprocess.Popen" and not _library(about)):
            refused.add(event)
            raise PermissionError(f"a CDK app may not do this here: {event}")

    sys.argv = [script, *arguments]
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))  # noqa: PTH100, PTH120 - what `python app.py` does
    sys.path_hooks.insert(0, lambda folder: _own_source(folder, own))
    originals = {name: getattr(os, name) for name in _LOOKS}
    for name in _LOOKS:
        look(name)
    sys.addaudithook(watch)
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        for name, original in originals.items():
            setattr(os, name, original)
        files = sorted({os.path.realpath(name) for name in set(read)})
        asked = sorted({os.path.realpath(name) for name in set(looked)})
        used = sorted({name.partition(".")[0] for name in set(sys.modules)})
        with open(report, "w", encoding="utf-8") as written:  # noqa: PTH123
            json.dump({"read": files, "looked": asked, "used": used, "refused": sorted(refused)}, written)


def _reading(about: tuple[object, ...]) -> bool:
    _, mode, flags = about
    if isinstance(mode, str):
        return "r" in mode or "+" in mode
    return isinstance(flags, int) and flags & (os.O_WRONLY | os.O_CREAT) == 0


def _library(about: tuple[object, ...]) -> bool:
    return about[0] == os.environ["JSII_NODE"]  # this is a program of its own: the synthesis gives it its variables


if __name__ == "__main__":
    main()
