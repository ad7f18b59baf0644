"""What looks like a secret is refused, and no message of any rule repeats it."""

import time
from collections.abc import Callable

import pytest

from provisioning_assets.errors import Problem

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]

LENGTH = 16_000
LONG = 3.5
"""Seconds; what takes the square of the length takes a minute."""
SHORT = 500
"""Characters of a message, however long the text is."""

VAULT, AWS, USER = "hvs.CAESIJabcdefghijklmnopqrst", "AKIAIOSFODNN7EXAMPLE", "admin:geheim@ns.example"
TSIG = "q6ENkJXLyXmOyVaJ9cfmmTXWU4zKQmNu8jpnGkXEqDY="
BUCKET = "{name: s3, bucket: demo-shop-staging-state}"
PLACES = [
    ("provider: openbao", "provider: {}"),
    ("provider: openbao", "provider: {{name: {}}}"),
    ("profile: sandbox\n", "profile: '{}'\n"),
    ("region: eu-central-1\n", "region: '{}'\n"),
    (BUCKET, "{{name: s3, bucket: '{}'}}"),
    ("provider: route53", "provider: {{name: rfc2136, server: '{}'}}"),
    ("provider: route53", "provider: {{name: rfc2136, server: ns.example, key: '{}'}}"),
    ("provider: acme", "provider: {{name: acme, eab_hmac_key: '{}'}}"),
    ("zone: ${domain}", "zone: '{}'"),
    ("probe: shop,", "probe: '{}',"),
    ("https://${domain}/healthz", "https://{}/"),
    ("{staging: staging.demo-shop.example", "{{staging: '{}'"),
    ('names: ["*.${domain}"]', "names: ['{}']"),
    ("prefix: /${engagement}/${environment}/config", "prefix: '{}'"),
    ("root: terraform/stages/compute", "root: '{}'"),
    ("[database-password,", "['{}',"),
    ("email: alice@agency.example", "email: '{}'"),
    ("file: dashboards/shop.json", "file: '{}'"),
]  # fmt: skip


@pytest.mark.parametrize("secret", [VAULT, AWS, USER, f"hmac-sha256:ours:{TSIG}"])
@pytest.mark.parametrize(("old", "new"), PLACES)
def test_no_message_repeats_a_secret(edit: Edit, problems: Problems, old: str, new: str, secret: str) -> None:
    edit(old, new.format(secret))
    found = problems()
    said = "\n".join(map(str, found)).lower()
    assert found
    parts = {secret, secret.partition(":")[2] or secret, TSIG, secret[:20]}
    assert [part for part in parts if part.lower() in said] == []


@pytest.mark.parametrize("secret", [TSIG, f"hmac-sha256:ours:{TSIG}"])
def test_a_secret_instead_of_a_keys_name_is_refused(edit: Edit, problems: Problems, secret: str) -> None:
    edit("provider: route53", f"provider: {{name: rfc2136, server: ns.example, key: '{secret}'}}")
    assert any("`key`" in each.what and "`secrets`" in each.expected for each in problems())


def test_keys_of_mail_and_images_are_no_secrets(edit: Edit, problems: Problems) -> None:
    image = f"nginx:1.25@sha256:{'0123456789abcdef' * 4}"
    edit('["v=spf1', f'["google-site-verification={TSIG}", "v=spf1')
    edit("reason: The networks", f"reason: The image {image}, the networks")
    assert problems() == []


@pytest.mark.parametrize("text", ["a", "word key=value; ", "1", "x:", "eyJ", "hmac-"])
def test_a_long_text_is_judged_in_a_moment(edit: Edit, problems: Problems, text: str) -> None:
    long = (text * LENGTH)[: LENGTH - 2]
    edit("logs: [app]", f"logs: [{', '.join(repr(f'{long}.{number}') for number in range(7))}]")
    began = time.process_time()
    found = problems()
    assert time.process_time() - began < LONG
    assert [each for each in found if len(str(each)) > SHORT] == []
