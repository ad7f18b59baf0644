"""Errors of AWS, and of botocore on the way there, in our words; and patience where an account asks too much."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own, which is no OSError
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from provisioning_assets.backends.access import Access
from provisioning_assets.errors import ProviderFailed, Unreachable

ENDPOINT = "AWS_ENDPOINT_URL"
THROTTLED = 60
"""Seconds for which a throttled call is repeated. Three attempts of botocore's own can be too few, and more of those
would also be made at a server that is not there.
"""

_AWAY = "check the network and AWS_ENDPOINT_URL, or start the server there"
_BUSY = {"Throttling", "ThrottlingException", "TooManyRequestsException"}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "SignatureDoesNotMatch"}
_FULL = {"LimitExceeded", "LimitExceededException"}

when_allowed = Retrying(
    retry=retry_if_exception(lambda error: isinstance(error, ClientError) and _code(error) in _BUSY),
    wait=wait_random_exponential(max=5),
    stop=stop_after_delay(THROTTLED),
    reraise=True,
)
"""Makes a call again while the account makes too many of its kind."""


def remedy(error: ClientError, access: Access) -> str:
    """What to do about an answer that is an error."""
    code = _code(error)
    if code in _DENIED:
        return f"allow {error.operation_name} to the credentials of {access.name}"
    if code in _EXPIRED:
        return f"renew the credentials of {access.name}"
    if code in _BUSY:
        return "run again in a minute: others use up what the account may ask"
    if code in _FULL:
        return "delete what nobody needs any more, or ask AWS for a higher quota"
    return "correct what the cause says, then run again"


@contextmanager
def translated(service: str, access: Access) -> Iterator[None]:
    """Turn botocore's errors into ours: which server did not answer, or what it answered."""
    address = access.get(ENDPOINT) or "its AWS endpoint"
    try:
        yield
    except (NoCredentialsError, ProfileNotFound) as error:
        raise ProviderFailed(
            f"{service}: there are no AWS credentials",
            where=access.name,
            cause=str(error) if isinstance(error, ProfileNotFound) else "",
            remedy="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, in the environment's profile; "
            "for the sandbox: provisioning sandbox start, and `profile: sandbox` in the engagement file",
        ) from None
    except EndpointConnectionError as error:
        cause = "connection refused or no such host"
        raise Unreachable(service, _asked(error) or address, cause=cause, remedy=_AWAY) from error
    except (ConnectionError, HTTPClientError) as error:
        raise Unreachable(service, _asked(error) or address, cause=type(error).__name__, remedy=_AWAY) from error
    except ClientError as error:
        cause = f"{_code(error)}: {error.response.get('Error', {}).get('Message', '')}"
        what = f"{service}: {error.operation_name} failed"
        raise ProviderFailed(what, where=address, cause=cause, remedy=remedy(error, access)) from None
    except ValueError as error:  # its text may repeat what was written
        if not _below_botocore(error):
            raise
        raise ProviderFailed(
            f"{service} could not be asked",
            where=access.name,
            cause=f"botocore takes no such region or address: the region is `{access.region}`",
            remedy="correct `region` in the engagement file, or AWS_ENDPOINT_URL and its kin in the profile",
        ) from error
    except BotoCoreError as error:
        raise ProviderFailed(
            f"{service} could not be asked",
            where=address,
            cause=str(error),
            remedy=f"correct what the cause says in {access.name}, then run again",
        ) from None
    except (ResponseParserError, AttributeError, LookupError, TypeError) as error:
        if not _of_botocore(error):
            raise
        raise nonsense(service, address, type(error).__name__) from None


def nonsense(service: str, address: str, cause: str) -> ProviderFailed:
    """The error for an answer that AWS never gives."""
    remedy = f"let {ENDPOINT} lead to AWS, or to what stands in for it, or leave it out"
    return ProviderFailed(f"no {service} answers there", where=address, cause=cause, remedy=remedy)


def _below_botocore(error: Exception) -> bool:
    """Whether it came out of botocore, which leaves some errors to the libraries that it calls."""
    return any(_module(frame).startswith("botocore.") for frame, _ in traceback.walk_tb(error.__traceback__))


def _of_botocore(error: Exception) -> bool:
    """Whether botocore raised it, which happens when it reads an answer that is none."""
    *_, (last, _) = traceback.walk_tb(error.__traceback__)
    return _module(last).startswith("botocore.")


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def _asked(error: BotoCoreError) -> str:
    """The server that did not answer; a service may have an address of its own."""
    parts = urlsplit(str(error.kwargs.get("endpoint_url", "")))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
