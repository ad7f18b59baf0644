"""The rules of the door, without a server: who gets in, who does not, and what both are answered."""

from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.orchestration.door import Door

PORT = 3000
HOST = f"127.0.0.1:{PORT}"
TOKEN = "the-token-of-this-start"
COOKIE = f"provisioning-{PORT}={TOKEN}"
FOREIGN = ("http://evil.example", "http://127.0.0.1:8000", "http://localhost:3000", "https://127.0.0.1:3000", "null")
"""Origins of other sites, of another port, of our other name, of another scheme, and of a sandboxed frame."""


@dataclass(frozen=True)
class Asked:
    """A request, and what became of it."""

    kind: str = "http"
    method: str = "POST"
    path: str = "/graphql"
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    came_in: list[Any] = field(default_factory=list, compare=False)
    answer: list[Any] = field(default_factory=list, compare=False)

    def but(self, **headers: str | None) -> "Asked":
        """The same with other headers; None leaves one out."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = [(name, value) for name, value in self.headers if name not in named]
        return replace(self, headers=(*kept, *((name, value) for name, value in named.items() if value is not None)))

    def of(self, **parts: Any) -> "Asked":
        """The same with other parts."""
        return replace(self, **parts)

    def gets_in(self) -> bool:
        """Whether the application hears of it."""
        came_in, answer = [], []

        async def application(scope: Any, _receive: Any, send: Any) -> None:
            came_in.append(scope)
            headers = [(b"content-type", b"text/html"), (b"access-control-allow-origin", b"*")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"dagster"})

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            answer.append(message)

        scope = {
            "type": self.kind,
            "path": self.path,
            "query_string": self.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in self.headers],
            "extensions": {"websocket.http.response": {}},
            **({"method": self.method} if self.kind == "http" else {}),
        }
        finish(Door(application, PORT, TOKEN)(scope, receive, send))
        self.came_in[:], self.answer[:] = came_in, answer
        return bool(came_in)

    @property
    def status(self) -> int:
        """What it was answered."""
        self.gets_in()
        return int(self.answer[0]["status"])

    @property
    def answered(self) -> dict[str, str]:
        """The headers of the answer."""
        self.gets_in()
        return {name.decode(): value.decode() for name, value in self.answer[0]["headers"]}


def finish(work: Coroutine[Any, Any, None]) -> None:
    """Carry out what never waits."""
    with pytest.raises(StopIteration):
        work.send(None)


CHANGE = Asked(
    headers=(
        ("host", HOST),
        ("origin", f"http://{HOST}"),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/json"),
        ("cookie", COOKIE),
    )
)
"""What our own page sends."""
SOCKET = CHANGE.of(kind="websocket", method="GET").but(content_type=None)
OPENED = Asked(
    method="GET",
    path="/assets/shop",
    headers=(
        ("host", HOST),
        ("sec-fetch-site", "none"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ),
)
"""A person opens a page."""
PART = Asked(method="GET", path="/_next/static/a.js", headers=(("host", HOST), ("sec-fetch-site", "same-origin")))

paths = st.one_of(
    st.text(max_size=30).map("/".__add__),
    st.sampled_from(["/graphql", "/graphql/", "/graphql\n", "//graphql", "/graphql/x", "/report_asset_check/a", "/"]),
)
methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post", "QUERY"])
headers = st.fixed_dictionaries(
    {},
    optional={
        "host": st.sampled_from([HOST, "localhost:3000", "evil.example:3000", "127.0.0.1", "127.0.0.1:8000", ""]),
        "origin": st.sampled_from([f"http://{HOST}", *FOREIGN]),
        "sec-fetch-site": st.sampled_from(["none", "same-origin", "same-site", "cross-site", "x"]),
        "sec-fetch-mode": st.sampled_from(["navigate", "cors", "no-cors", "websocket"]),
        "sec-fetch-dest": st.sampled_from(["document", "iframe", "empty", "image"]),
        "content-type": st.sampled_from(
            [
                "application/json",
                "application/json;charset=utf-8",
                "Application/JSON",
                "text/plain",
                "application/graphql",
            ]
        ),
        "cookie": st.sampled_from([COOKIE, f"a=b; {COOKIE}", f"provisioning-{PORT}=old", f"provisioning-3001={TOKEN}"]),
    },
)


@given(st.sampled_from(["http", "websocket"]), methods, paths, st.sampled_from(["", "op=Runs", "query=x"]), headers)
def test_nothing_that_can_change_comes_in_without_every_condition(
    kind: str, method: str, path: str, query: str, given_headers: dict[str, str]
) -> None:
    asked = Asked(kind, method, path, query, tuple(given_headers.items()))
    if not asked.gets_in():
        return
    host = given_headers.get("host")
    assert host in {HOST, "localhost:3000"}
    reads = kind == "http" and method in {"GET", "HEAD"}
    foreign = given_headers.get("origin") not in {None, f"http://{host}"}
    sent_by = given_headers.get("sec-fetch-site")
    assert not foreign
    if reads:
        assert path.strip("/\n") != "graphql"
        assert not path.startswith("/report_asset")
        to_window = (given_headers.get("sec-fetch-mode"), given_headers.get("sec-fetch-dest")) == (
            "navigate",
            "document",
        )
        assert sent_by in {None, "none", "same-origin"} or to_window
        return
    assert path == "/graphql"
    assert "origin" in given_headers or sent_by in {"none", "same-origin"}
    assert sent_by in {None, "none", "same-origin"}
    assert COOKIE in given_headers["cookie"]
    assert query != "query=x"
    if kind == "http":
        assert method == "POST"
        assert given_headers["content-type"].startswith("application/json")


def test_our_own_page_gets_in() -> None:
    assert OPENED.gets_in()
    assert PART.gets_in()
    assert CHANGE.gets_in()
    assert CHANGE.of(query="op=Runs").gets_in()
    assert SOCKET.gets_in()
    assert CHANGE.but(origin=None).gets_in()
    assert CHANGE.but(host="localhost:3000", origin="http://localhost:3000").gets_in()


LACKING = {
    "another site's name for this machine": (CHANGE.but(host="evil.example:3000"), 421),
    "the host without its port": (CHANGE.but(host="127.0.0.1"), 421),
    "another port's host": (CHANGE.but(host="127.0.0.1:8000"), 421),
    "no host": (CHANGE.but(host=None), 421),
    "two hosts": (CHANGE.of(headers=(*CHANGE.headers, ("host", HOST))), 400),
    "two origins": (CHANGE.of(headers=(*CHANGE.headers, ("origin", f"http://{HOST}"))), 400),
    "another site": (CHANGE.but(origin=None, sec_fetch_site="cross-site"), 403),
    "another port of loopback": (CHANGE.but(origin=None, sec_fetch_site="same-site"), 403),
    "no page": (CHANGE.but(origin=None, sec_fetch_site=None), 403),
    "no token": (CHANGE.but(cookie=None), 403),
    "an old token": (CHANGE.but(cookie=f"provisioning-{PORT}=old"), 403),
    "another port's token": (CHANGE.but(cookie=f"provisioning-3001={TOKEN}"), 403),
    "a form": (CHANGE.but(content_type="application/x-www-form-urlencoded"), 400),
    "text": (CHANGE.but(content_type="text/plain;application/json"), 400),
    "no content type": (CHANGE.but(content_type=None), 400),
    "what Dagster takes for no JSON": (CHANGE.but(content_type="Application/JSON"), 400),
    "a query in the address": (CHANGE.of(query="query=mutation%7Bx%7D"), 400),
    "GET": (CHANGE.of(method="GET", query="query=mutation%7Bx%7D"), 403),
    "HEAD": (CHANGE.of(method="HEAD"), 403),
    "GET of a path that Starlette takes for it": (CHANGE.of(method="GET", path="/graphql\n"), 400),
    "PUT": (CHANGE.of(method="PUT"), 403),
    "a question of another site (CORS)": (CHANGE.of(method="OPTIONS").but(origin="http://evil.example"), 403),
    "POST elsewhere": (CHANGE.of(path="/server_info"), 403),
    "a forged check": (CHANGE.of(path="/report_asset_check/a"), 404),
    "a forged materialization": (CHANGE.of(path="/report_asset_materialization/a"), 404),
    "a forged observation": (CHANGE.of(path="/report_asset_observation/a"), 404),
    "a notebook": (OPENED.of(path="/notebook", query="path=/etc/x.ipynb"), 404),
    "output of runs": (OPENED.of(path="/logs/a"), 404),
    "the whole of a run": (OPENED.of(path="/download_debug/a"), 404),
    "a page in a frame": (OPENED.but(sec_fetch_dest="iframe", sec_fetch_site="cross-site"), 403),
    "an image of another site's page": (PART.but(sec_fetch_site="cross-site", sec_fetch_dest="image"), 403),
    "a link to a mutation": (OPENED.of(path="/graphql", query="query=mutation%7Bx%7D"), 403),
    "a socket of another site": (SOCKET.but(origin="http://evil.example", sec_fetch_site="cross-site"), 403),
    "a socket of another host": (SOCKET.but(host="evil.example:3000"), 421),
    "a socket without token": (SOCKET.but(cookie=None), 403),
    "a socket elsewhere": (SOCKET.of(path="/logs2"), 403),
}


@pytest.mark.parametrize("lacking", LACKING)
def test_a_request_that_lacks_one_condition_is_refused(lacking: str) -> None:
    asked, status = LACKING[lacking]
    assert (asked.gets_in(), asked.status) == (False, status)
    kind = "websocket.http" if asked.kind == "websocket" else "http"
    assert [message["type"] for message in asked.answer] == [f"{kind}.response.start", f"{kind}.response.body"]


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("asked", [CHANGE, SOCKET, OPENED, PART])
def test_whatever_another_origin_sends_is_refused(asked: Asked, origin: str) -> None:
    assert not asked.but(origin=origin).gets_in()


def test_a_person_who_opens_a_page_gets_the_token_and_nobody_else() -> None:
    assert OPENED.answered["set-cookie"] == f"{COOKIE}; Path=/; HttpOnly; SameSite=Strict"
    assert "set-cookie" in OPENED.but(sec_fetch_site="cross-site").answered
    program = Asked(method="GET", path="/", headers=(("host", HOST),))
    for other in (program, PART, CHANGE, OPENED.but(sec_fetch_mode="no-cors"), OPENED.but(sec_fetch_dest="iframe")):
        assert "set-cookie" not in other.answered


def test_our_page_that_stayed_open_over_a_restart_gets_the_new_token() -> None:
    """It would go on showing what it last knew."""
    stayed = CHANGE.but(cookie=f"provisioning-{PORT}=old")
    assert (stayed.status, stayed.answered["set-cookie"]) == (403, OPENED.answered["set-cookie"])
    for other in (
        CHANGE.but(cookie=None),
        stayed.but(origin=None),
        stayed.but(sec_fetch_site=None),
        stayed.but(origin="http://evil.example"),
        stayed.but(content_type="text/plain"),
        SOCKET.but(cookie=f"provisioning-{PORT}=old"),
    ):
        assert "set-cookie" not in other.answered


def test_one_more_cookie_of_our_name_locks_nobody_out() -> None:
    assert CHANGE.but(cookie=f"provisioning-{PORT}=tossed; {COOKIE}").gets_in()


@pytest.mark.parametrize("asked", [OPENED, PART, CHANGE, CHANGE.but(cookie=None), SOCKET.but(cookie=None)])
def test_no_answer_can_be_framed_embedded_or_read_by_others(asked: Asked) -> None:
    told = asked.answered
    assert told["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in told["content-security-policy"]
    assert told["cross-origin-resource-policy"] == "same-origin"
    assert not any(name.startswith("access-control") for name in told)


def test_only_files_whose_names_change_are_kept_by_a_browser() -> None:
    assert "immutable" in PART.answered["cache-control"]
    assert OPENED.answered["cache-control"] == "no-store"
    assert CHANGE.but(cookie=None).answered["cache-control"] == "no-store"


def test_a_refusal_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    door, scope = Door(None, PORT, TOKEN), {"type": "http", "method": "GET", "path": "/x\ny", "headers": []}
    refusal = door.refusal(scope)
    assert refusal is not None
    for _ in range(3):
        door._tell(scope, refusal)
    assert len(caplog.records) == 1
    assert "\n" not in caplog.records[0].getMessage()
