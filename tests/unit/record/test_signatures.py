import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning_assets.errors import ProviderFailed, Refused
from provisioning_assets.record.signatures import _REFUSALS, Namespace, Signature, sign, verify

ALICE = "alice@agency.example"
PAYLOAD = b'{"purpose":"approval"}'
REASONS = {said: reason for said, reason, _ in _REFUSALS}
"""What ssh-keygen says, and the reason that people are told."""


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key of Alice's."""
    return made(tmp_path / "alice")


@pytest.fixture
def signers(tmp_path: Path, key: Path) -> Path:
    """Alice may sign."""
    return listed(tmp_path / "allowed_signers", key)


def made(path: Path, passphrase: str = "") -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", path], check=True)  # noqa: S607
    return path


def listed(file: Path, key: Path, options: str = "") -> Path:
    file.write_text(" ".join(filter(None, [ALICE, options, key.with_suffix(".pub").read_text()])))
    return file


def approve(signers: Path, text: str, **changed: object) -> Signature:
    arguments = {"payload": PAYLOAD, "identity": ALICE, "namespace": Namespace.APPROVAL} | changed
    return verify(signature=text, allowed_signers=signers, **arguments)


def test_a_signature_of_an_allowed_signer_counts(key: Path, signers: Path) -> None:
    text = sign(PAYLOAD, key, Namespace.APPROVAL)
    found = approve(signers, text)
    assert (found.identity, found.namespace, found.text) == (ALICE, Namespace.APPROVAL, text)
    assert found.key.startswith("ED25519 key SHA256:")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"payload": PAYLOAD + b" "}, "incorrect signature"),
        ({"payload": b""}, "incorrect signature"),
        ({"namespace": Namespace.DECISION}, "namespace does not match"),
        ({"identity": "bob@agency.example"}, None),
        ({"identity": "*"}, None),
        ({"identity": ""}, None),
    ],
)
def test_a_signature_counts_for_its_payload_purpose_and_person_alone(
    key: Path, signers: Path, changed: dict[str, object], reason: str | None
) -> None:
    text = sign(PAYLOAD, key, Namespace.APPROVAL)
    with pytest.raises(Refused) as told:
        approve(signers, text, **changed)
    assert told.value.remedy
    (why,) = told.value.reasons
    assert why == REASONS[reason] if reason else why not in REASONS.values()


def test_the_key_of_somebody_else_is_refused(tmp_path: Path, signers: Path) -> None:
    with pytest.raises(Refused) as told:
        approve(signers, sign(PAYLOAD, made(tmp_path / "mallory"), Namespace.APPROVAL))
    assert not set(told.value.reasons) & set(REASONS.values())


@pytest.mark.parametrize("text", ["", "yes", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"])
def test_what_is_no_signature_is_refused(signers: Path, text: str) -> None:
    with pytest.raises(Refused):
        approve(signers, text)


def test_a_key_counts_within_its_validity(tmp_path: Path, key: Path) -> None:
    text = sign(PAYLOAD, key, Namespace.APPROVAL)
    signers = listed(tmp_path / "allowed_signers", key, 'valid-after="20200101Z",valid-before="20210101Z"')
    assert approve(signers, text, at=datetime(2020, 6, 1, tzinfo=UTC))
    with pytest.raises(Refused, match=REASONS["has expired"]):
        approve(signers, text)
    with pytest.raises(Refused, match=REASONS["not yet valid"]):
        approve(signers, text, at=datetime(2019, 6, 1, tzinfo=UTC))


def test_a_key_can_be_bound_to_a_purpose(tmp_path: Path, key: Path) -> None:
    signers = listed(tmp_path / "allowed_signers", key, 'namespaces="provisioning-waiver"')
    with pytest.raises(Refused, match=REASONS["not permitted for use in signature namespace"]):
        approve(signers, sign(PAYLOAD, key, Namespace.APPROVAL))


def test_without_allowed_signers_nothing_is_verified(tmp_path: Path, key: Path) -> None:
    with pytest.raises(ProviderFailed) as told:
        approve(tmp_path / "nobody", sign(PAYLOAD, key, Namespace.APPROVAL))
    assert told.value.where == str(tmp_path / "nobody")


@pytest.mark.parametrize("missing", [True, False])
def test_a_key_that_cannot_be_used_is_told(tmp_path: Path, *, missing: bool) -> None:
    key = tmp_path / "no-such-key"
    if not missing:
        key.write_text("not a key")
        key.chmod(0o600)
    with pytest.raises(ProviderFailed) as told:
        sign(PAYLOAD, key, Namespace.WAIVER)
    assert str(key) in told.value.where
    assert told.value.cause


def test_without_the_program_the_remedy_is_told(
    tmp_path: Path, key: Path, signers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = sign(PAYLOAD, key, Namespace.APPROVAL)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProviderFailed, match="ssh-keygen") as told:
        approve(signers, text)
    assert "openssh-client" in told.value.remedy
