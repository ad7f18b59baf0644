"""What a request says of the page that made it: a browser tells Origin and Fetch Metadata, a program says nothing.

https://www.w3.org/TR/fetch-metadata/
"""

from collections.abc import Callable
from ipaddress import ip_address

Header = Callable[[str], str]
"""The value of a header by its lower-case name; empty without one."""

OURS = frozenset({"", "none", "same-origin"})
"""`Sec-Fetch-Site` of a program, of a person who typed an address, and of our own page. Another port is `same-site`."""


def refused(header: Header, *, anywhere: bool = False) -> str:
    """Why a server of programs refuses a request: a page of another site made a browser send it. Empty if none did.

    A server on loopback also refuses names that are not this machine's, which lead to it by a stranger's DNS. One that
    listens `anywhere` cannot know its names.
    """
    host, origin = header("host"), header("origin")
    if not anywhere and not names_this_machine(host):
        return "Host is not a name of this machine"
    if origin and origin.partition("://")[2] != host:
        return "Origin is another site's"
    if header("sec-fetch-site") not in OURS:
        return "a page of another site sent it"
    if header("user-agent").startswith("Mozilla/") and not header("sec-fetch-site"):
        return "this browser does not say which page sent it"  # such as Safari before 16.4
    return ""


def names_this_machine(host: str) -> bool:
    """Whether a Host header, with or without port, means loopback wherever it is resolved."""
    name, bracket, _ = host.removeprefix("[").partition("]")
    if not bracket:
        name = host.partition(":")[0]
    if name.lower() == "localhost" or name.lower().endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
