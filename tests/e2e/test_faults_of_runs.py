"""Faults in the middle: a killed run, two runs at once. The next run converges and tells."""

import pytest

from tests.e2e.conftest import Shop, TakenOver, kill, read_until

pytestmark = pytest.mark.faults
NETWORKING = ("apply", "demo_shop", "staging", "--only", "networking")


@pytest.mark.timeout(600)
def test_a_run_killed_in_the_middle_of_an_apply_is_taken_over_and_converges(small: Shop) -> None:
    """Runs first: it brings the stage up that every other test stands on."""
    first = small.start(*NETWORKING)
    read_until(first, lambda line: "Creating..." in line)
    kill(first)
    second = small.run(*NETWORKING)
    assert second.returncode == 0, second.stdout[-3000:] + second.stderr
    assert "had been killed: it is marked as failed" in second.stdout
    assert "reclaimed the lock of demo_shop-staging from run " in second.stdout
    # On a slow machine the dead run's Terraform has ended before the second run starts: nothing is left to do.
    assert "waiting for the engine" in second.stdout or "nothing changed" in second.stdout
    assert "infrastructure_matches_its_code is green" in second.stdout


@pytest.mark.timeout(600)
def test_of_two_runs_at_once_one_waits_and_is_told_for_whom(small: Shop) -> None:
    first = small.start(*NETWORKING)
    read_until(first, lambda line: "apply" in line)
    second = small.run(*NETWORKING)
    rest, _ = first.communicate(timeout=300)
    told = [second.stdout, rest]
    assert (first.returncode, second.returncode) == (0, 0), told
    waited = [out for out in told if "is held by run" in out]
    assert len(waited) == 1, told


@pytest.mark.timeout(900)
def test_a_run_killed_in_production_is_taken_over_told_and_finished(taken_over: TakenOver) -> None:
    assert "had been killed: it is marked as failed" in taken_over.again
    assert "reclaimed the lock of demo_shop-production from run " in taken_over.again
    assert "production/verified_environment: environment_is_verified is green" in taken_over.again
    assert "demo_shop/production: done in" in taken_over.again


def test_staging_is_left_as_it_was_by_the_run_after_the_killed_one(taken_over: TakenOver) -> None:
    staging, _, _ = taken_over.again.partition("demo_shop/production: apply")
    assert "applied" not in staging
    assert "nothing changed" in staging
