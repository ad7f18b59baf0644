"""Dagster's web interface behind our door, with its daemon, and with what keeps it true beside it.

The one place for what Dagster calls private: tests/unit/orchestration/test_front_door.py pins each name and its shape.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
import uvicorn
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.version import __version__
from dagster_webserver.webserver import DagsterWebserver
from graphql import ASTValidationRule, GraphQLError, OperationDefinitionNode, OperationType
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Route

from provisioning_assets.orchestration.door import GRAPHQL, Door, Receive, Scope, Send
from provisioning_assets.orchestration.supervision import Parts, end, no_orphans
from provisioning_assets.orchestration.tether import tethered
from provisioning_assets.orchestration.unguarded import GUARDED

ROUTES = frozenset({"/", "/{path:path}", "/_next", "/manifest.json", "/robots.txt", "/server_info", GRAPHQL})
"""The routes of Dagster that are let in, besides its icons. Its next version may bring others."""
_ICONS = "/favicon"
_EVERY = 2000
"""Milliseconds between two looks of an open page, as `dagster dev` has it."""
_DATABASE = (15_000, 3600, 20)
"""As Dagster's own web server has it: a statement's ms, a connection's seconds, connections."""

Tell = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Serving:
    """What is given to whatever works beside the web interface."""

    instance: dg.DagsterInstance
    ended: threading.Event
    """Set when the interface ends: return soon after."""
    reload: Callable[[], None]
    """Load the definitions anew, as "Reload definitions" of the page does; the daemon notices."""


Beside = Callable[[Serving], None]
"""Works until `ended`, in a thread of its own. If it raises, the web interface ends: it would not be kept true."""


def serve(
    instance: dg.DagsterInstance,
    workspace: Path,
    listener: socket.socket,
    for_reading: socket.socket | None = None,
    *,
    beside: Sequence[Beside] = (),
    tell: Tell = lambda _line: None,
) -> None:
    """Serve until SIGINT or SIGTERM; `ProvisioningError` when one of its parts ended by itself.

    Through the second listener nothing can be changed.
    """
    os.environ[GUARDED] = "1"
    with no_orphans(tell) as remember, ExitStack() as stack:
        code = stack.enter_context(ProxyServerManager(instance, WorkspaceFileTarget([str(workspace)]), "WARNING"))
        servers = stack.enter_context(_workspace_of(code))
        # Not in the terminal's group of processes, in which Ctrl-C would end it before us.
        daemon = subprocess.Popen(tethered(_daemon(servers)), process_group=0)
        stack.callback(end, daemon)
        instance.optimize_for_webserver(*_DATABASE)
        context = stack.enter_context(
            WorkspaceProcessContext(instance, WorkspaceFileTarget([servers]), version=__version__)
        )
        stack.callback(remember)
        doors = {_port(listener): Door(_Interface(context).create_asgi_app(), _port(listener), _token())}
        if for_reading is not None:
            reading = _port(for_reading)
            doors[reading] = Door(_ReadOnly(context).create_asgi_app(), reading, _token())
        ended = threading.Event()
        server = _Server(_by_port(doors), lambda: _say_where(tell, *doors), ended.set)
        parts = Parts(server.stop, ended)
        stack.callback(parts.end)
        parts.outlast("dagster-daemon", daemon)
        serving = Serving(instance, ended, lambda: _reload(context))
        for work in beside:
            parts.run(getattr(work, "__name__", "beside"), partial(work, serving))
        with suppress(KeyboardInterrupt):
            server.run([each for each in (listener, for_reading) if each is not None])
        tell("ending")
    parts.raise_failure()


class _Interface(DagsterWebserver[WorkspaceProcessContext, WorkspaceRequestContext]):
    """Dagster's own application, with the routes alone that we know."""

    def __init__(self, context: WorkspaceProcessContext) -> None:
        super().__init__(context, live_data_poll_rate=_EVERY)

    def build_routes(self) -> list[BaseRoute]:
        """Ours of Dagster's. GraphQL is not asked by GET."""
        kept: list[BaseRoute] = []
        for route in super().build_routes():  # type: ignore[no-untyped-call]
            path = getattr(route, "path", "")
            if isinstance(route, Route) and path == GRAPHQL:
                kept.append(Route(GRAPHQL, self.graphql_http_endpoint, methods=["POST"]))
            elif path in ROUTES or path.startswith(_ICONS):
                kept.append(route)
        return kept


class _ReadOnly(_Interface):
    """The same for a client, who looks: no mutation is a valid document here."""

    def build_graphql_validation_rules(self) -> Collection[type[ASTValidationRule]]:
        """GraphQL's own rules, and that one."""
        return [*super().build_graphql_validation_rules(), _NoMutation]

    def _make_request_context(self, conn: HTTPConnection) -> WorkspaceRequestContext:
        """The page's context, without a permission: its buttons are grey."""
        return WorkspaceRequestContext(
            instance=self._process_context.instance,
            current_workspace=self._process_context.get_current_workspace(),
            process_context=self._process_context,
            version=self._process_context.version,
            source=conn,
            read_only=True,
        )


class _NoMutation(ASTValidationRule):
    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        if node.operation is OperationType.MUTATION:
            self.report_error(GraphQLError("nothing can be changed through this address", node))


class _Server(uvicorn.Server):
    """One server for all doors. It trusts no header of a proxy."""

    def __init__(self, application: Any, ready: Callable[[], None], ending: Callable[[], None]) -> None:
        settings = uvicorn.Config(
            application,
            loop="asyncio",  # the other one keeps to itself which signal came
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_config=None,
            log_level="critical",
            timeout_graceful_shutdown=2,
        )
        super().__init__(settings)
        self._ready, self._ending = ready, ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say where, when it is there."""
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Whatever ends from now on, ends in order."""
        self._ending()
        await super().shutdown(sockets)

    def stop(self) -> None:
        """End soon, from any thread."""
        self.should_exit = True


def _by_port(doors: Mapping[int, Door]) -> Callable[[Scope, Receive, Send], Any]:
    """Who comes to a port, comes to its door."""

    async def lead(scope: Scope, receive: Receive, send: Send) -> None:
        await doors[scope["server"][1]](scope, receive, send)

    return lead


@contextmanager
def _workspace_of(code: ProxyServerManager) -> Iterator[str]:
    """A workspace file (JSON is YAML) of the running code servers, so that web server and daemon see one reload."""
    with TemporaryDirectory(prefix="provisioning-ui-") as folder:
        file = Path(folder) / "workspace.yaml"
        file.write_text(json.dumps({"load_from": code.get_code_server_specs()}), encoding="utf-8")
        yield str(file)


def _daemon(servers: str) -> list[str]:
    program = Path(sys.executable).with_name("dagster-daemon")
    return [str(program), "run", "--log-level", "warning", "--code-server-log-level", "warning", "-w", servers]


def _reload(context: WorkspaceProcessContext) -> None:
    for name in context.code_location_names:
        context.reload_code_location(name)


def _port(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def _token() -> str:
    return secrets.token_urlsafe(32)


def _say_where(tell: Tell, port: int, reading: int | None = None) -> None:
    tell(f"web interface: http://127.0.0.1:{port} (Ctrl-C ends it)")
    if reading is not None:
        tell(f"for looking only: http://127.0.0.1:{reading}")
