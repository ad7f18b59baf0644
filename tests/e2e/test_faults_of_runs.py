"""Faults in the middle: a killed run, two runs at once, a server that goes away. The next run converges and tells."""

import pytest

from tests.e2e.conftest import Shop, kill, read_until

NETWORKING = ("apply", "demo_shop", "staging", "--only", "networking")


@pytest.mark.timeout(600)
def test_a_run_killed_in_the_middle_of_an_apply_is_taken_over_and_converges(shop: Shop) -> None:
    """Runs first: it brings the networking up that every other test stands on."""
    first = shop.start(*NETWORKING)
    read_until(first, lambda line: "Creating..." in line)
    kill(first)
    second = shop.run(*NETWORKING)
    assert second.returncode == 0, second.stdout[-3000:] + second.stderr
    assert "had been killed: it is marked as failed" in second.stdout
    assert "took over demo_shop-staging from run " in second.stdout
    # On a slow machine the dead run's Terraform has ended before the second run starts: nothing is left to do.
    assert "waiting for its Terraform" in second.stdout or "nothing changed" in second.stdout
    assert "infrastructure_matches_its_code is green" in second.stdout


@pytest.mark.timeout(600)
def test_of_two_runs_at_once_one_waits_and_is_told_for_whom(shop: Shop) -> None:
    first = shop.start(*NETWORKING)
    read_until(first, lambda line: "apply" in line)
    second = shop.run(*NETWORKING)
    rest, _ = first.communicate(timeout=300)
    told = [second.stdout, rest]
    assert (first.returncode, second.returncode) == (0, 0), told
    waited = [out for out in told if "is held by run" in out]
    assert len(waited) == 1, told
    assert "waiting up to 60 s" in waited[0]


def test_a_value_that_nobody_gave_is_told_before_anything_is_written(shop: Shop) -> None:
    done = shop.run("apply", "demo_shop", "staging", DEMO_SHOP_PAYMENT_API_KEY="")
    assert done.returncode == 1
    assert "where: the variable DEMO_SHOP_PAYMENT_API_KEY" in done.stdout
    assert "export DEMO_SHOP_PAYMENT_API_KEY in the shell that applies" in done.stdout
    assert "nothing changed, 0 items proven" in done.stdout


def test_a_wrong_key_in_the_file_is_told_with_its_line(shop: Shop) -> None:
    file = shop.folder / "engagements" / "demo_shop" / "engagement.yaml"
    text = file.read_text()
    line = text.splitlines().index("  zone: ${domain}") + 1
    file.write_text(text.replace("  zone: ${domain}", "  zonne: ${domain}"))
    try:
        done = shop.run("apply", "demo_shop")
    finally:
        file.write_text(text)
    assert done.returncode == 1
    assert f"engagements/demo_shop/engagement.yaml:{line}:3: the key `zonne` is unknown" in done.stderr
    assert "`zone`" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_engagement_is_told_with_the_known_ones(shop: Shop) -> None:
    done = shop.run("check", "demo_shoop")
    assert done.returncode == 1
    assert "demo_shop" in done.stderr


def test_help_names_every_command(shop: Shop) -> None:
    done = shop.run("--help")
    assert done.returncode == 0
    for command in ("new", "check", "plan", "apply", "drift", "readiness", "status", "why", "recheck", "ui", "sandbox"):
        assert command in done.stdout
