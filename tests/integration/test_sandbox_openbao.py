"""A secret store that does not let itself be set up is one of our errors, and no start is called done."""

from pathlib import Path

import pytest

from provisioning_assets.errors import ProvisioningError
from provisioning_assets.sandbox import openbao
from provisioning_assets.sandbox.processes import Folder
from tests.support.servers import free_port, moto_server, openbao_server


def refused(folder: Path, address: str) -> ProvisioningError:
    """The error of a set-up that must fail."""
    (folder / openbao.ANCHORS).write_text("of the store before this one")
    with pytest.raises(ProvisioningError) as failed:
        openbao.initialise(Folder(folder), address, "127.0.0.1:1")
    assert failed.value.__cause__ is None
    assert not openbao.furnished(Folder(folder), address)
    return failed.value


def test_a_server_that_is_away_or_that_is_another_product_is_named(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    assert refused(tmp_path, nobody).where == nobody
    with moto_server() as address:
        assert refused(tmp_path, address).where == address


def test_a_store_that_somebody_initialised_before_is_not_taken_over(tmp_path: Path) -> None:
    with openbao_server() as server:
        error = refused(tmp_path, server.address)
        assert error.where == server.address
        assert server.token not in str(error)
    assert not (tmp_path / openbao.TOKEN).exists()
