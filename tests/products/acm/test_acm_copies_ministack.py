"""Copies in the ACM of MiniStack, which obeys IAM policies: who may not import, and what passes for issued."""

import json

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ApplyFailed
from tests.products.acm.test_acm_copies import SCOPE, at, original
from tests.support.back_ends import aws_access, opened
from tests.support.iam import policy

pytestmark = pytest.mark.second


def somebody_who_may(address: str, *actions: str) -> dict[str, str]:
    """Variables of a new user."""
    iam = aws.of(aws_access(address)).client("iam")
    name = f"user-{len(iam.list_users()['Users'])}"
    iam.create_user(UserName=name)
    document = policy({"Effect": "Allow", "Action": list(actions), "Resource": "*"})
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def test_who_may_not_import_is_told_which_permission_is_missing(obeying: str) -> None:
    own = somebody_who_may(obeying, "acm:ListCertificates", "acm:DescribeCertificate", "acm:GetCertificate")
    copies = at(obeying, **own)
    copies.reach()

    with pytest.raises(ApplyFailed) as caught:
        copies.put(original())

    assert caught.value.where == copies.place()
    assert "acm:ImportCertificate" in caught.value.cause
    assert "ImportCertificate" in caught.value.remedy


def test_a_copy_does_not_pass_for_issued_where_lists_have_no_types(obeying: str) -> None:
    reference = at(obeying).put(original())

    summaries = aws.of(aws_access(obeying)).client("acm").list_certificates()["CertificateSummaryList"]
    assert "Type" not in json.dumps(summaries, default=str)
    assert reference in {each.reference for each in at(obeying).held(SCOPE)}
    issuing = opened(Kind.CERTIFICATES, "acm", aws_access(obeying))
    assert reference not in {each.reference for each in issuing.held(SCOPE)}
