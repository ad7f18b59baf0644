"""Runs one of our own members: `python -m provisioning_assets.sandbox <member> <port> [upstream]`."""

import sys
from importlib import import_module

_MODULES = {
    "dns": "name_server",
    "resolver": "resolver",
    "edge": "edge",
    "alarms": "alarms",
    "prober": "prober",
    "gateway": "gateway",
}


def main(name: str, port: str, *arguments: str) -> None:
    """Serve until the process ends."""
    if name not in _MODULES:
        sys.exit(f"there is no member {name}")
    # Import only this member's module: each process would load the libraries of all.
    import_module(f"provisioning_assets.sandbox.{_MODULES[name]}").serve(int(port), *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
