"""The door of the web interface: what a request must prove before Dagster hears of it (ASGI, websockets too).

Dagster has no log-in: a browser would carry out for any page what its user may do. So the door lets in who

- asks for our own Host with its port, which another site's name for this machine is not;
- is not another page's request, but for a person who follows a link here;
- reads by GET, anything but GraphQL;
- or POSTs JSON to `/graphql`, or opens its websocket, from our own page and with this start's token.

The token is a cookie that a browser gets when a person opens the page; our own page that stayed open over a restart
gets the new one with its next request, or it would go on showing what it last knew. It is no secret before programs of
this machine, and cookies know no ports: alone it proves nothing.
"""

import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from provisioning_assets.core.pages import OURS

logger = logging.getLogger("provisioning")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

GRAPHQL = "/graphql"
_OPERATION = "op"
"""The one parameter of GraphQL's address: with it, Dagster's page names its queries in logs."""
_READ = frozenset({"GET", "HEAD"})
_CLOSED = {
    "report_asset_materialization": "what Dagster shows is written by runs: provisioning apply",
    "report_asset_check": "what Dagster shows is written by runs: provisioning check",
    "report_asset_observation": "what Dagster shows is written by runs: provisioning check",
    "download_debug": "dagster debug export RUN FILE",
    "logs": "output is not captured; what a run has to say is in its events",
    "notebook": "there are no notebooks here",
    "dagit": "there are no notebooks here",
    "dagit_info": "/server_info tells the same",
}
"""Routes of Dagster that nobody needs here, by the beginning of their paths, and what to do instead."""
_JUDGED = ("host", "origin", "content-type", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest")
_ADDED: Headers = [
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]
_HASHED = "/_next/static/"
"""Files whose names change with their content."""
_TOLD_AGAIN = 60.0
"""Seconds before the same refusal is told again."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is refused, as a person reads it, with the HTTP status."""

    status: int
    what: str
    remedy: str


_NO_TOKEN = Refusal(403, "the token of this start is missing", "reload the page")


@dataclass(frozen=True, slots=True)
class Door:
    """An application behind the rules."""

    application: Application
    port: int
    token: str
    told: dict[tuple[str, str], float] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""
        if scope["type"] == "lifespan":
            await self.application(scope, receive, send)
            return
        refusal = self.refusal(scope)
        if refusal is not None:
            stale = refusal is _NO_TOKEN and self._stayed_open(scope)
            if not stale:
                self._tell(scope, refusal)
            await _refuse(scope, receive, send, refusal, [*_ADDED, *([self._handed] if stale else [])])
            return
        added = [*_ADDED, *([self._handed] if _opened_by_a_person(scope) else [])]

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _guarded(message.get("headers", ()), added, scope["path"])
            await send(message)

        await self.application(scope, receive, answer)

    @property
    def hosts(self) -> tuple[str, ...]:
        """What a browser calls us."""
        names = ("127.0.0.1", "localhost")
        return (*(f"{name}:{self.port}" for name in names), *(names if self.port == 80 else ()))  # noqa: PLR2004 - HTTP's

    @property
    def cookie(self) -> str:
        """Name of the token's cookie. A browser sends the cookies of every port of a host."""
        return f"provisioning-{self.port}"

    def refusal(self, scope: Scope) -> Refusal | None:
        """Why a request may not come in; None when it may."""
        path = scope["path"]
        if not path.isprintable() or any(len(_all(scope, name)) > 1 for name in _JUDGED):
            return Refusal(400, "the request can be read in two ways", "use a browser")
        if _one(scope, "host").lower() not in self.hosts:
            return Refusal(421, "the address is not ours", f"open http://{self.hosts[0]}")
        closed = _CLOSED.get(path.lstrip("/").partition("/")[0])
        if closed is not None:
            return Refusal(404, "this route of Dagster is closed", closed)
        if not self._of_ours(scope) and not _opened_by_a_person(scope):
            return Refusal(403, "a page of another site, or of another port, sent it", f"open http://{self.hosts[0]}")
        if scope["type"] == "http" and scope["method"] in _READ and path.rstrip("/") != GRAPHQL:
            return None
        return self._change(scope)

    def _of_ours(self, scope: Scope) -> bool:
        """Whether no other page is named as the sender."""
        origin = _one(scope, "origin")
        return origin in {"", f"http://{_one(scope, 'host')}"} and _one(scope, "sec-fetch-site") in OURS

    def _change(self, scope: Scope) -> Refusal | None:
        """Whatever may change something: every GraphQL request, since only Dagster could tell a query from more."""
        if scope["path"] != GRAPHQL or (scope["type"] == "http" and scope["method"] != "POST"):
            return Refusal(
                403, "pages are read by GET, and GraphQL is asked by POST", "use the page, or the command line"
            )
        if not any(_one(scope, name) for name in ("origin", "sec-fetch-site")):
            return Refusal(
                403, "no page sent it, and programs do not work here", "use the command line: provisioning --help"
            )
        if scope["type"] == "http" and not _is_json(_one(scope, "content-type")):
            return Refusal(400, "GraphQL is asked with Content-Type application/json", "use the page")
        if any(name != _OPERATION for name, _ in parse_qsl(_text(scope["query_string"]), keep_blank_values=True)):
            return Refusal(400, "GraphQL is asked in the body, not in the address", "use the page")
        if not any(hmac.compare_digest(each, self.token.encode()) for each in self._tokens(scope)):
            return _NO_TOKEN
        return None

    @property
    def _handed(self) -> tuple[bytes, bytes]:
        cookie = f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"
        return b"set-cookie", cookie.encode("ascii")

    def _stayed_open(self, scope: Scope) -> bool:
        """Whether our own page asks with the token of an earlier start."""
        ours = _one(scope, "origin") and _one(scope, "sec-fetch-site") == "same-origin"
        return scope["type"] == "http" and bool(ours) and any(self._tokens(scope))

    def _tokens(self, scope: Scope) -> Iterator[bytes]:
        """Another port's page may have set one more cookie of our name: it must not lock a person out."""
        for cookies in _all(scope, "cookie"):
            for cookie in cookies.split(b";"):
                name, _, value = cookie.strip().partition(b"=")
                if name == self.cookie.encode():
                    yield value

    def _tell(self, scope: Scope, refusal: Refusal) -> None:
        """One line for people; the same again at most once a minute, since a page can repeat itself quickly."""
        sender = _one(scope, "origin") or ("a page" if _one(scope, "sec-fetch-site") else "a program")
        now, key = time.monotonic(), (sender, refusal.what)
        if now - self.told.get(key, -_TOLD_AGAIN) < _TOLD_AGAIN:
            return
        if len(self.told) > 1000:  # noqa: PLR2004 - senders choose their names
            self.told.clear()
        self.told[key] = now
        what = f"{scope.get('method', 'websocket')} {scope['path'][:80]} of {sender[:80]}"
        logger.warning("refused %s: %s", ascii(what)[1:-1], refusal.what)


def _all(scope: Scope, name: str) -> list[bytes]:
    return [value for key, value in scope["headers"] if key.lower() == name.encode()]


def _one(scope: Scope, name: str) -> str:
    return next((_text(value) for value in _all(scope, name)), "")


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def _is_json(content_type: str) -> bool:
    """Exactly as Dagster's own test for it, which takes everything else from the address."""
    kind, _, more = content_type.partition(";")
    return kind.strip() == "application/json" and more.strip().lower() in {"", "charset=utf-8"}


def _opened_by_a_person(scope: Scope) -> bool:
    """A page opened in a window: by its address, by a link, also of another site. Not in a frame."""
    to_window = (_one(scope, "sec-fetch-mode"), _one(scope, "sec-fetch-dest")) == ("navigate", "document")
    site = _one(scope, "sec-fetch-site")
    return (
        scope["type"] == "http" and scope["method"] == "GET" and to_window and bool(site) and not _one(scope, "origin")
    )


def _guarded(headers: Any, added: Headers, path: str) -> Headers:
    """The answer's headers with ours; the rules of other sites for it (CORS) are nobody's to give."""
    names = {name for name, _ in added if name != b"content-security-policy"}
    kept = [(name, value) for name, value in headers if name.lower() not in names]
    kept = [(name, value) for name, value in kept if not name.lower().startswith(b"access-control-")]
    if not any(name.lower() == b"cache-control" for name, _ in kept):
        lasts = b"private, max-age=31536000, immutable" if path.startswith(_HASHED) else b"no-store"
        kept.append((b"cache-control", lasts))
    return kept + added


async def _refuse(scope: Scope, receive: Receive, send: Send, refusal: Refusal, added: Headers) -> None:
    body = f"refused: {refusal.what}\nremedy: {refusal.remedy}\n".encode()
    headers = [*added, (b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    kind = "http"
    if scope["type"] == "websocket":
        await receive()
        kind = "websocket.http"
        if kind + ".response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
            return
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": f"{kind}.response.start", "status": refusal.status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": b"" if scope.get("method") == "HEAD" else body})
