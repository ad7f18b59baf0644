"""Runs one member that is written here: `python -m provisioning_assets.sandbox <member> <port> [upstream]`."""

import sys

from provisioning_assets.sandbox import alarms, edge, name_server, prober, resolver


def main(name: str, *arguments: str) -> None:
    """Serve until the process is ended."""
    match name:
        case "dns":
            name_server.serve(int(arguments[0]))
        case "resolver":
            resolver.serve(int(arguments[0]), arguments[1])
        case "edge":
            edge.serve(int(arguments[0]))
        case "alarms":
            alarms.serve(int(arguments[0]))
        case "prober":
            prober.serve(int(arguments[0]))
        case _:
            sys.exit(f"there is no member {name}")


if __name__ == "__main__":
    main(*sys.argv[1:])
