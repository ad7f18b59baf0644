"""Certificates by hand, by the command line: the run waits for a person, who has them signed; then it goes on."""

from collections.abc import Iterator
from pathlib import Path

import hvac
import pytest

from tests.e2e.conftest import Shop, repository

pytestmark = pytest.mark.second

STAGING = ("apply", "demo_shop", "staging")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop with one stage, whose client has certificates signed by hand."""
    with repository(tmp_path_factory.mktemp("manual"), one_stage=True) as shop:
        file = shop.folder / "engagements/demo_shop/engagement.yaml"
        text = file.read_text()
        assert "provider: acme" in text
        file.write_text(text.replace("provider: acme", "provider: manual"))
        yield shop


def requests(shop: Shop) -> dict[Path, str]:
    return {file: file.read_text() for file in (shop.folder / "engagements/demo_shop/certificates").glob("*.csr")}


def have_signed(shop: Shop, request: Path) -> None:
    """What the client's people do, with the authority that the sandbox's clients trust."""
    token = Path(shop.variables["VAULT_TOKEN_FILE"]).read_text().strip()
    client = hvac.Client(url=shop.variables["VAULT_ADDR"], token=token)
    answer = client.secrets.pki.sign_certificate("server", request.read_text(), "")["data"]
    request.with_suffix(".pem").write_text(f"{answer['certificate']}\n{answer['issuing_ca']}\n")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_waits_for_a_person_and_the_one_after_goes_on(shop: Shop) -> None:
    first = shop.run(*STAGING)
    assert first.returncode == 2, first.stdout[-4000:] + first.stderr[-2000:]
    asked = requests(shop)
    assert len(asked) == 2
    told = first.stdout + first.stderr
    assert all(file.relative_to(shop.folder).as_posix() in told for file in asked)
    assert "internal error" not in told

    again = shop.run(*STAGING)
    assert again.returncode == 2, again.stdout[-4000:] + again.stderr[-2000:]
    assert requests(shop) == asked
    why = shop.run("why", "certificates_are_issued", "demo_shop")
    assert all(file.name in why.stdout for file in asked), why.stdout + why.stderr

    for request in asked:
        have_signed(shop, request)
    third = shop.run(*STAGING)
    assert third.returncode == 0, third.stdout[-4000:] + third.stderr[-2000:]
    for item in ("certificates_are_issued", "certificates_are_served", "last_run_succeeded"):
        assert f"staging/certificates: {item} is green" in third.stdout
    assert not any("PRIVATE KEY" in file.read_text() for file in next(iter(asked)).parent.iterdir())
