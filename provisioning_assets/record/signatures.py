"""SSH signatures: the one primitive under approvals, waivers and decisions.

Made and checked by `ssh-keygen -Y`, whose signature binds the payload to a namespace, so that a waiver
cannot pass for an approval. `allowed_signers` is the file of ssh-keygen(1), in the engagement's folder.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from provisioning_assets.backends.access import process_variables
from provisioning_assets.errors import ProviderFailed, Refused

_PROGRAM = "ssh-keygen"
_SECONDS_TO_SIGN = 120
"""A person may have to type a passphrase or to touch a key."""
_SECONDS_TO_VERIFY = 20


class Namespace(StrEnum):
    """What a signature is for; it counts for nothing else."""

    APPROVAL = "provisioning-approval"
    WAIVER = "provisioning-waiver"
    DECISION = "provisioning-decision"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that was verified: whose, for what, with which key."""

    identity: str
    namespace: Namespace
    key: str
    """Type and fingerprint: `ED25519 key SHA256:…`."""
    text: str
    """The armored signature."""


_REFUSALS = (
    (
        "namespace does not match",
        "it was made for another purpose",
        "sign again for this purpose: approvals, waivers and decisions do not stand for each other",
    ),
    (
        "not permitted for use in signature namespace",
        "the key may not sign for this purpose",
        "add the purpose to `namespaces=` of the signer's line, or let somebody sign who may",
    ),
    (
        "has expired",
        "the signer's key has expired",
        "sign with a key that is valid, and list it in allowed_signers",
    ),
    (
        "not yet valid",
        "the signer's key is not valid yet",
        "wait for `valid-after` of the signer's line, or correct it",
    ),
    (
        "incorrect signature",
        "it is a signature of something else: what was signed has changed",
        "show the signer what holds now, and let them sign that",
    ),
    ("parse signature", "it is damaged", "store the signature again, from its first line to its last"),
)  # fmt: skip
"""What ssh-keygen says, the reason, and what to do. Refused it is in any case: its exit status decides."""


def sign(payload: bytes, key: Path, namespace: Namespace) -> str:
    """The armored signature of the payload; `key` is a private key, or a public one whose private half an agent has."""
    done = _run(["-Y", "sign", "-f", str(key), "-n", namespace.value], payload, seconds=_SECONDS_TO_SIGN)
    if done.returncode:
        raise ProviderFailed(
            "could not sign",
            where=str(key),
            cause=_said(done),
            remedy="name a private key that you can read; with a passphrase, sign in a terminal or through ssh-agent",
        )
    return done.stdout.decode()


def verify(
    payload: bytes,
    signature: str,
    allowed_signers: Path,
    identity: str,
    namespace: Namespace,
    *,
    at: datetime | None = None,
) -> Signature:
    """The verified signature of an allowed signer; `Refused` says why it does not count.

    `at` is when it was signed, for keys that are valid for a time; default is now. Give a time only
    from a record that the signer cannot write: a signature does not prove when it was made.
    """
    if not allowed_signers.is_file():
        raise ProviderFailed(
            "there are no allowed signers",
            where=str(allowed_signers),
            remedy="write the file: one line `<email> <type> <public key>` for each person with a role",
        )
    moment = (at or datetime.now(UTC)).astimezone(UTC).strftime("%Y%m%d%H%M%S")
    with TemporaryDirectory(prefix="provisioning-") as folder:
        file = Path(folder) / "signature"
        file.touch(mode=0o600)
        file.write_text(signature, encoding="utf-8")
        done = _run(
            ["-Y", "verify", "-f", str(allowed_signers), "-I", identity, "-n", namespace.value, "-s", str(file),
             "-O", f"verify-time={moment}"],
            payload,
            seconds=_SECONDS_TO_VERIFY,
        )  # fmt: skip
    said = done.stdout.decode(errors="replace").strip()
    if done.returncode or not said.startswith(f'Good "{namespace}" signature for {identity} with '):
        raise _refused(identity, namespace, _said(done))
    return Signature(identity, namespace, said.rpartition(" with ")[2], signature)


def _refused(identity: str, namespace: Namespace, said: str) -> Refused:
    unlisted = (
        "it is not by a key that allowed_signers has for this person" + (f" ({said})" if said else ""),
        "let somebody sign who is listed, or have the person's public key added to allowed_signers",
    )
    reason, remedy = next(((why, then) for told, why, then in _REFUSALS if told in said), unlisted)
    return Refused(f"the {namespace} signature of {identity} does not count", [reason], remedy=remedy)


def _run(arguments: Sequence[str], payload: bytes, *, seconds: float) -> "subprocess.CompletedProcess[bytes]":
    """Run it on UTC, in which it reads times, and in English, in which we read its messages."""
    environment = {**process_variables(), "LC_ALL": "C", "TZ": "UTC"}
    try:
        return subprocess.run(
            [_PROGRAM, *arguments], input=payload, capture_output=True, env=environment, timeout=seconds, check=False
        )
    except FileNotFoundError:
        raise ProviderFailed(
            f"{_PROGRAM} is not installed",
            cause="nothing can be signed or verified without it",
            remedy="install the OpenSSH client (Debian: openssh-client), 8.2 or newer",
        ) from None
    except subprocess.TimeoutExpired:
        raise ProviderFailed(
            f"{_PROGRAM} did not answer within {seconds:.0f} s",
            remedy="run it in a terminal: it may wait for a passphrase or for the touch of a key",
        ) from None


def _said(done: "subprocess.CompletedProcess[bytes]") -> str:
    """What it said about the failure, without the line that only says that it failed."""
    lines = done.stderr.decode(errors="replace").splitlines()
    return "; ".join(line.strip() for line in lines if line.strip() and not line.startswith("Signing "))
