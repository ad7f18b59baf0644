"""What we take from Dagster's inside, as it is in the version that we pin; and which of its routes are let in."""

import inspect
import re

import pytest
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.webserver import DagsterWebserver
from graphql import parse, validate

from provisioning_assets.orchestration import front_door
from tests.support.repository import REPOSITORY

KNOWN = {
    "/": "let in",
    "/{path:path}": "let in",
    "/_next": "let in",
    "/favicon-run-failed.svg": "let in",
    "/favicon-run-pending.svg": "let in",
    "/favicon-run-success.svg": "let in",
    "/favicon.ico": "let in",
    "/favicon.png": "let in",
    "/favicon.svg": "let in",
    "/manifest.json": "let in",
    "/robots.txt": "let in",
    "/server_info": "let in",
    "/graphql": "let in",
    "/404.html": "not needed",
    "/Dagster_world.mp4": "not needed",
    "/csp-header.txt": "not needed",
    "/dagit/notebook": "reads files",
    "/dagit_info": "not needed",
    "/download_debug/{run_id:str}": "tells all of a run",
    "/index.html": "a template",
    "/logs/{path:path}": "reads files",
    "/notebook": "reads files",
    "/report_asset_check/{asset_key:path}": "writes",
    "/report_asset_materialization/{asset_key:path}": "writes",
    "/report_asset_observation/{asset_key:path}": "writes",
    "/vendor": "the playground of GraphQL",
}
"""Every route that Dagster has, and what we think of it: a new one fails here, until somebody has judged it."""

TAKEN = {
    ProxyServerManager.__init__: ("instance", "workspace_load_target", "code_server_log_level"),
    ProxyServerManager.get_code_server_specs: (),
    WorkspaceProcessContext.__init__: ("instance", "workspace_load_target", "version"),
    WorkspaceProcessContext.get_current_workspace: (),
    WorkspaceProcessContext.reload_code_location: ("name",),
    WorkspaceRequestContext.__init__: (
        "instance", "current_workspace", "process_context", "version", "source", "read_only",
    ),
    DagsterWebserver.__init__: ("process_context", "live_data_poll_rate"),
    DagsterWebserver.build_routes: (),
    DagsterWebserver.build_graphql_validation_rules: (),
    DagsterWebserver._make_request_context: ("conn",),
    DagsterWebserver.create_asgi_app: (),
    DagsterWebserver.graphql_http_endpoint: ("request",),
    front_door.dg.DagsterInstance.optimize_for_webserver: (
        "statement_timeout", "pool_recycle", "max_overflow",
    ),
}  # fmt: skip
"""Each function that we call or replace, with the parameters that we rely on."""


@pytest.fixture(scope="module")
def interface() -> front_door._Interface:
    return front_door._Interface(None)


@pytest.mark.parametrize("function", TAKEN, ids=lambda function: function.__qualname__)
def test_what_we_take_from_dagster_is_as_we_know_it(function) -> None:
    assert set(TAKEN[function]) <= inspect.signature(function).parameters.keys()


def test_a_workspace_is_named_by_files_and_a_server_by_its_address() -> None:
    assert WorkspaceFileTarget(["a"]).paths == ["a"]
    assert isinstance(WorkspaceProcessContext.code_location_names, property)
    assert isinstance(WorkspaceRequestContext.version, property)


def test_no_other_file_takes_what_dagster_calls_private() -> None:
    private = re.compile(r"^\s*(from|import) (dagster\._|dagster_webserver|dagster_graphql)", re.MULTILINE)
    takers = {
        file.name for file in (REPOSITORY / "provisioning_assets").rglob("*.py") if private.search(file.read_text())
    }
    assert takers == {"front_door.py", "results.py"}


def test_every_route_of_dagster_has_been_judged(interface: front_door._Interface) -> None:
    routes = {getattr(route, "path", "") for route in DagsterWebserver.build_routes(interface)}
    assert routes == KNOWN.keys()
    kept = {getattr(route, "path", "") for route in interface.build_routes()}
    assert kept == {path for path, judged in KNOWN.items() if judged == "let in"}


def test_graphql_is_asked_by_post_alone(interface: front_door._Interface) -> None:
    (methods,) = [
        route.methods for route in interface.build_routes() if getattr(route, "name", "") == "graphql_http_endpoint"
    ]
    assert methods == {"POST"}


def test_no_mutation_at_all_is_valid_on_the_second_address(interface: front_door._Interface) -> None:
    schema = interface._graphene_schema.graphql_schema
    reading = front_door._ReadOnly(None).build_graphql_validation_rules()
    mutations = schema.mutation_type.fields
    assert len(mutations) > 30
    for name in mutations:
        found = validate(schema, parse(f"query A {{ version }} mutation B {{ {name} }}"), reading)
        assert any("nothing can be changed" in error.message for error in found), name
    assert validate(schema, parse("{ version }"), reading) == []
