"""What a request says of the page that made it."""

import pytest

from provisioning_assets.core.pages import names_this_machine, refused


def asked(*, anywhere: bool = False, **headers: str) -> bool:
    given = {name.replace("_", "-"): value for name, value in {"host": "127.0.0.1:5000", **headers}.items()}
    return bool(refused(lambda name: given.get(name, ""), anywhere=anywhere))


def test_a_program_and_a_page_of_its_own_are_let_in() -> None:
    assert not asked()
    assert not asked(host="bucket.localhost:5000")
    assert not asked(origin="http://127.0.0.1:5000", sec_fetch_site="same-origin")
    assert not asked(sec_fetch_site="none")


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:3000", "http://localhost:5000", "null"])
def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    assert asked(origin=origin)
    assert asked(origin=origin, anywhere=True)


@pytest.mark.parametrize("site", ["same-site", "cross-site", "strange"])
def test_a_page_that_tells_no_origin_is_refused_by_its_site(site: str) -> None:
    assert asked(sec_fetch_site=site)


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:1", "a.b.localhost:5", "127.0.0.1:5", "127.9.9.9", "[::1]:5", "[::1]"]
)
def test_names_of_this_machine_are_known(host: str) -> None:
    assert names_this_machine(host)


@pytest.mark.parametrize(
    "host", ["", "evil.example:5000", "localhost.evil.example", "10.0.0.1:5", "notlocalhost", "[::2]:5", "::1"]
)
def test_any_other_name_may_be_a_strangers(host: str) -> None:
    assert not names_this_machine(host)
    assert asked(host=host)
    assert not asked(host=host, anywhere=True)
