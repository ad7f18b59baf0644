"""One HTTP server of the product, reached with one environment's access, and its errors in our words."""

from functools import cached_property
from http import HTTPStatus
from typing import Any

import requests

from provisioning_assets.backends.access import Access
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed, Unreachable

_TIMEOUT = (2, 3)
"""Seconds for a connection, and for the next piece of an answer."""
_LIFE = (1, 3)
"""The same for a sign of life, of which four are asked for."""
_RELOAD = (2, 30)
_SAID = 500
"""Characters of a server's own words that an error repeats."""


class Refusal(ProviderFailed):
    """The server answered with an error; `status` is HTTP's."""

    def __init__(self, status: int, what: str, *, where: str, cause: str, remedy: str) -> None:
        self.status = status
        super().__init__(what, where=where, cause=cause, remedy=remedy)


class Server:
    """`PREFIX_URL` of the profile says where it is; `PREFIX_USERNAME` and `PREFIX_PASSWORD` let in where it asks."""

    def __init__(self, name: str, prefix: str, declared: str | None, access: Access) -> None:
        self.name = name
        self._prefix = prefix
        self._declared = declared
        self._access = access

    @cached_property
    def address(self) -> str:
        """The profile's; one that the engagement file declares must be the same."""
        return self._access.address(self._declared, f"{self._prefix}_URL", self.name).rstrip("/")

    def live(self, path: str) -> None:
        """Ask for a sign of life."""
        self._answer("GET", path, timeout=_LIFE)

    def get(self, path: str, **query: str) -> Json:
        """What it says as JSON."""
        answer = self._answer("GET", path, params=query)
        try:
            return answer.json()
        except requests.JSONDecodeError:
            raise self._stranger(f"its answer to {path} is no JSON") from None

    def page(self, path: str) -> str:
        """What it shows people."""
        return self._answer("GET", path).text

    def send(self, method: str, path: str, **body: Any) -> Json:
        """Have something changed; what it says, if that is JSON."""
        answer = self._answer(method, path, **body)
        is_json = "json" in answer.headers.get("content-type", "")
        return answer.json() if is_json and answer.content else None

    def reload(self, remedy: str) -> None:
        """Have it read its files anew. It says itself why it does not; `remedy` is where to look for more."""
        try:
            self._answer("POST", "/-/reload", timeout=_RELOAD)
        except Refusal as refusal:
            if refusal.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                refusal.remedy = remedy
            raise

    @cached_property
    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.proxies.update(self._access.proxies(self.address))
        session.verify = self._access.get("SSL_CERT_FILE") or True
        if user := self._access.get(f"{self._prefix}_USERNAME"):
            session.auth = (user, self._access.get(f"{self._prefix}_PASSWORD"))
        return session

    def _answer(self, method: str, path: str, **request: Any) -> requests.Response:
        doing = f"{method} {path}"
        try:
            answer = self._session.request(
                method, self.address + path, allow_redirects=False, **{"timeout": _TIMEOUT, **request}
            )
        except requests.exceptions.SSLError as error:
            remedy = f"name its authority's certificate in SSL_CERT_FILE, or mend {self._prefix}_URL"
            raise Unreachable(self.name, self.address, cause=str(error), remedy=remedy) from None
        except (requests.ConnectionError, requests.Timeout) as error:
            cause = f"{type(error).__name__} in {doing}"
            remedy = f"start it, or set {self._prefix}_URL to where it listens"
            raise Unreachable(self.name, self.address, cause=cause, remedy=remedy) from None
        except (requests.RequestException, OSError) as error:  # an OSError: a file of certificates that is not there
            raise self._stranger(f"{type(error).__name__} in {doing}: {error}") from None
        if answer.is_redirect:
            raise self._stranger(f"it sends us to {answer.headers['location']}")
        if not answer.ok:
            raise self._refusal(answer, doing)
        return answer

    def _refusal(self, answer: requests.Response, doing: str) -> Refusal:
        remedy = f"check that {self._prefix}_URL leads to it, and what it logged"
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            remedy = f"set {self._prefix}_USERNAME and {self._prefix}_PASSWORD in the environment's profile"
        elif "Lifecycle API" in answer.text:
            remedy = "start it with --web.enable-lifecycle"
        cause = f"{answer.status_code} {answer.text.strip()[:_SAID]}"
        return Refusal(
            answer.status_code, f"{self.name} refused {doing}", where=self.address, cause=cause, remedy=remedy
        )

    def _stranger(self, cause: str) -> ProviderFailed:
        remedy = f"set {self._prefix}_URL to its own address"
        return ProviderFailed(f"no {self.name} answers there", where=self.address, cause=cause, remedy=remedy)
