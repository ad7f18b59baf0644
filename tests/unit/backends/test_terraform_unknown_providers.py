"""Which changes of a provider that we do not know would lose data: in doubt, one would."""

from typing import Any

import pytest

from tests.support.terraform_plans import AWS, change, lost


@pytest.mark.parametrize(
    ("provider", "stateful"),
    [
        (AWS, False),
        ("registry.opentofu.org/hashicorp/aws", False),
        ("terraform.io/builtin/terraform", False),
        ("registry.terraform.io/hashicorp/null", False),
        ("registry.terraform.io/hashicorp/azurerm", True),
        ("registry.terraform.io/acme/aws", True),
        ("mirror.example/hashicorp/aws", True),
        ("", True),
    ],
)
def test_what_an_unknown_provider_takes_away_is_stateful(provider: str, *, stateful: bool) -> None:
    assert change(["delete"], "some_thing", {"name": "a"}, provider=provider).stateful is stateful
    assert not change(["create"], "some_thing", None, {"name": "a"}, provider=provider).stateful
    assert not change(["update"], "some_thing", {"name": "a"}, {"name": "b"}, provider=provider).stateful


STRANGE = [
    ({"retention": "604800s"}, {"retention": "3600s"}, True),
    ({"retention": "3600s"}, {"retention": "7d"}, False),
    ({"retention": "1h30m"}, {"retention": "90m"}, False),
    ({"retention": "P30D"}, {"retention": "P7D"}, True),
    ({"backup_days": "30", "lifecycle_rule": None}, {"backup_days": 30, "lifecycle_rule": []}, False),
    ({"backup_days": "30"}, {"backup_days": "3"}, True),
    ({"backup_days": 30}, {"backup_days": None}, True),
    ({"backup_days": 30}, {}, True),  # not known before the apply
    ({"ttl": None}, {"ttl": 60}, True),  # what was kept for ever is kept no longer
    ({"ttl": 60}, {"ttl": 0}, True),
    ({"settings": [{"backup_configuration": [{"enabled": True}]}]}, {"settings": []}, True),
    ({"settings": [{"backup_configuration": [{"enabled": True}]}]}, {"settings": [{"tier": "a"}]}, True),
    ({"settings": [{"backup_configuration": [{"enabled": False}]}]},
     {"settings": [{"backup_configuration": [{"enabled": True}]}]}, False),
    ({"lifecycle_rule": []}, {"lifecycle_rule": [{"action": [{"type": "Delete"}]}]}, True),
    ({"lifecycle_rule": [{"condition": [{"age": 3650}]}]}, {"lifecycle_rule": [{"condition": [{"age": 1}]}]}, True),
    ({"lifecycleRule": {"maxAge": 3650}}, {"lifecycleRule": {"maxAge": 1}}, True),
    ({"deletion_protection": True}, {"deletion_protection": False}, True),
    ({"deletion_protection": False}, {"deletion_protection": True}, False),
    ({"disable_backup": False}, {"disable_backup": True}, True),
    ({"versioning": [{"enabled": True}]}, {"versioning": [{"enabled": False}]}, True),
    ({"encryption": [{"key": "a"}]}, {"encryption": [{"key": "b"}]}, True),
    ({"backup": "daily"}, {"backup": {"kind": "weekly"}}, True),  # of another type
    ({"mode": "COMPLIANCE"}, {"mode": "GOVERNANCE"}, True),
    ({"soft_delete_retention_days": 7}, {"soft_delete_retention_days": 90}, False),
    ({"purge_on_destroy": False}, {"purge_on_destroy": True}, True),
    ({"image": "a", "storage_class": "a", "message": "a"}, {"image": "b", "storage_class": "b", "message": "b"}, False),
    ({"retention": "3600s", "labels": {}}, {"retention": "3600s", "labels": {"a": "b"}}, False),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "stateful"), STRANGE)
def test_an_unknown_providers_update_is_told_by_what_its_attributes_suggest(
    before: dict[str, Any], after: dict[str, Any], *, stateful: bool
) -> None:
    found = change(["update"], "google_thing", before, after, provider="registry.terraform.io/hashicorp/google")
    assert found.stateful is stateful
    assert bool(found.because) is stateful


def test_what_an_unknown_provider_does_not_find_is_stateful() -> None:
    (found,) = lost("some_thing", "create", provider="registry.terraform.io/acme/some")
    assert found.stateful
