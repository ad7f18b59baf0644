"""The example engagement, loaded: what is shared, what differs, where it lies."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from provisioning_assets.engagement.loading import find_engagements, load_engagement
from provisioning_assets.engagement.sections import FromEnvironment, Generate
from provisioning_assets.errors import ConfigurationError
from tests.support.repository import REPOSITORY


def test_the_example_loads() -> None:
    engagement = load_engagement(REPOSITORY / "engagements" / "demo_shop")
    assert [environment.name for environment in engagement.environments] == ["staging", "production"]
    assert engagement.repository == REPOSITORY
    staging, production = engagement.environments
    assert (staging.dns.zone, production.dns.zone) == ("staging.demo-shop.example", "demo-shop.example")
    assert production.stages[0].variables == {"cidr": "10.10.0.0/16"}
    assert staging.state.bucket != production.state.bucket
    assert production.certificates.certificates[1].names == ("*.demo-shop.example",)
    assert staging.values == {
        "domain": "staging.demo-shop.example",
        "vpc_cidr": "10.20.0.0/16",
        "engagement": "demo_shop",
        "environment": "staging",
        "region": "eu-central-1",
    }
    secrets = {secret.name: secret for secret in production.secrets.secrets}
    assert secrets["database-password"].rotate_every == timedelta(days=90)
    assert isinstance(secrets["database-password"].source, Generate)
    assert isinstance(secrets["payment-api-key"].source, FromEnvironment)


def test_the_template_is_the_sections_as_written() -> None:
    engagement = load_engagement(REPOSITORY / "engagements" / "demo_shop")
    assert list(engagement.template) == ["stages", "dns", "certificates", "secrets", "runtime_config", "monitoring"]
    assert engagement.template["dns"]["zone"] == "${domain}"
    assert json.loads(json.dumps(engagement.template)) == engagement.template


def test_the_repository_is_the_nearest_parent_that_looks_like_one(folder: Path) -> None:
    assert load_engagement(folder).repository == folder.parents[1]
    (folder.parents[1] / ".git").rmdir()
    assert load_engagement(folder).repository == folder.parents[1]


def test_every_folder_is_an_engagement_even_one_that_lacks_its_file(folder: Path) -> None:
    for name in ("museum", ".idea", "__pycache__"):
        (folder.parent / name).mkdir()
    (folder.parent / "README.md").touch()
    assert find_engagements(folder.parent) == [folder, folder.parent / "museum"]
    assert find_engagements(folder.parent / "nothing") == []


def test_a_folder_without_a_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"engagement.yaml"):
        load_engagement(tmp_path / "a" / "b")


def test_a_third_environment_is_configuration_alone(folder: Path) -> None:
    file = folder / "engagement.yaml"
    text = file.read_text(encoding="utf-8")
    third = "  - {name: recovery, region: eu-west-1, state: {name: s3, bucket: demo-shop-recovery-state}}\n"
    text = text.replace("  - name: production\n", f"{third}  - name: production\n", 1)
    text = text.replace("production: demo-shop.example}", "production: demo-shop.example, recovery: shop.example}")
    text = text.replace("production: 10.10.0.0/16}", "production: 10.10.0.0/16, recovery: 10.30.0.0/16}")
    file.write_text(text, encoding="utf-8")
    (folder / "config" / "recovery.yaml").write_bytes((folder / "config" / "production.yaml").read_bytes())
    engagement = load_engagement(folder)
    before = engagement.before("production")
    assert before is not None
    assert before.name == "recovery"
    assert engagement.environment("recovery").dns.zone == "shop.example"


@pytest.mark.parametrize("wrong", ["schema: [", "schema: 1\nschema: 1", "", "schema: 2", "- x", "client: \x07"])
def test_a_broken_file_ends_with_what_to_do(folder: Path, wrong: str) -> None:
    (folder / "engagement.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigurationError) as broken:
        load_engagement(folder)
    assert broken.value.remedy
    assert str(broken.value).splitlines()[-1].endswith(broken.value.remedy)
