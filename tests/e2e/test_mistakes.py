"""What a new user gets wrong, before anything is provisioned: told at once, with what to do."""

from tests.e2e.conftest import Shop


def test_a_value_that_nobody_gave_is_told_before_anything_is_written(fresh: Shop) -> None:
    done = fresh.run("apply", "demo_shop", "staging", DEMO_SHOP_PAYMENT_API_KEY="")
    assert done.returncode == 1
    assert "where: the variable DEMO_SHOP_PAYMENT_API_KEY" in done.stderr
    assert "remedy: " in done.stderr
    assert "nothing changed, 0 items proven" in done.stdout


def test_a_wrong_key_in_the_file_is_told_with_its_line(fresh: Shop) -> None:
    file = fresh.folder / "engagements" / "demo_shop" / "engagement.yaml"
    text = file.read_text()
    line = text.splitlines().index("  zone: ${domain}") + 1
    file.write_text(text.replace("  zone: ${domain}", "  zonne: ${domain}"))
    try:
        done = fresh.run("apply", "demo_shop")
    finally:
        file.write_text(text)
    assert done.returncode == 1
    assert f"engagements/demo_shop/engagement.yaml:{line}:3: " in done.stderr
    assert "`zonne`" in done.stderr
    assert "`zone`" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_engagement_is_told_with_the_known_ones(fresh: Shop) -> None:
    done = fresh.run("validate", "demo_shoop")
    assert done.returncode == 1
    assert "demo_shop" in done.stderr


def test_what_is_mistyped_is_told_with_what_there_is(fresh: Shop) -> None:
    asset = fresh.run("apply", "demo_shop", "staging", "--only", "secret")
    assert (asset.returncode, "networking, " in asset.stderr) == (1, True), asset.stderr
    item = fresh.run("check", "demo_shop", "staging", "secrets_populated")
    assert (item.returncode, "secrets_are_populated" in item.stderr) == (1, True), item.stderr


def test_help_names_every_command(fresh: Shop) -> None:
    done = fresh.run("--help")
    assert done.returncode == 0
    for command in (
        "new",
        "validate",
        "plan",
        "apply",
        "check",
        "readiness",
        "status",
        "why",
        "unlock",
        "ui",
        "sandbox",
    ):
        assert command in done.stdout


def test_a_first_plan_tells_a_server_that_is_not_there(fresh: Shop) -> None:
    away = fresh.elsewhere("away", VAULT_ADDR="http://127.0.0.1:9")
    done = fresh.run("plan", "demo_shop", "staging", *away)
    assert done.returncode == 1, done.stdout
    assert "http://127.0.0.1:9" in done.stderr
    assert "remedy: " in done.stderr
    fine = fresh.run("plan", "demo_shop", "staging")
    assert fine.returncode == 2, fine.stderr


def test_a_profile_with_a_misspelt_variable_is_told_with_its_line(fresh: Shop) -> None:
    profile = fresh.elsewhere("misspelt", AWS_ENDPONT_URL="x")
    done = fresh.run("plan", "demo_shop", "staging", *profile)
    assert done.returncode == 1, done.stdout
    assert "misspelt.env:" in done.stderr
    assert "`AWS_ENDPOINT_URL`" in done.stderr
