"""Runs a CDK app as `python app.py` does, and writes down what it touched: the files it read, the packages it used.

    python watched.py REPORT app.py [ARGUMENT...]

A program of its own: the app's process. What an app is to make of its code alone, it needs no network for, and no
program but the Node.js of its library: both are refused.
"""

import json
import os
import runpy
import sys

_FORBIDDEN = {
    "socket.connect", "socket.getaddrinfo", "os.system", "os.exec", "os.posix_spawn", "os.startfile", "os.fork",
}  # fmt: skip
_LISTINGS = {"os.listdir", "os.scandir"}


def main() -> None:
    """Run the app, and leave the report also when it fails."""
    report, script, *arguments = sys.argv[1:]
    read: set[str] = set()
    refused: set[str] = set()
    folder = os.getcwd()  # noqa: PTH109 - no pathlib beside the app

    def watch(event: str, about: tuple[object, ...]) -> None:
        if event in _LISTINGS or (event == "open" and _reading(about)):
            read.add(os.fsdecode(about[0]) if isinstance(about[0], str | bytes | os.PathLike) else folder)
        elif event in _FORBIDDEN or (event == "subprocess.Popen" and not _library(about)):
            refused.add(event)
            raise PermissionError(f"a CDK app may not do this here: {event}")

    sys.argv = [script, *arguments]
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))  # noqa: PTH100, PTH120 - what `python app.py` does
    sys.addaudithook(watch)
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        files = sorted(os.path.realpath(os.path.join(folder, name)) for name in set(read))  # noqa: PTH118
        used = sorted({name.partition(".")[0] for name in set(sys.modules)})
        with open(report, "w", encoding="utf-8") as written:  # noqa: PTH123
            json.dump({"read": files, "used": used, "refused": sorted(refused)}, written)


def _reading(about: tuple[object, ...]) -> bool:
    _, mode, flags = about
    if isinstance(mode, str):
        return "r" in mode or "+" in mode
    return isinstance(flags, int) and flags & (os.O_WRONLY | os.O_CREAT) == 0


def _library(about: tuple[object, ...]) -> bool:
    return about[0] == os.environ["JSII_NODE"]  # this is a program of its own: the synthesis gives it its variables


if __name__ == "__main__":
    main()
