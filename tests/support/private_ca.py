"""Authorities of an emulated AWS Private CA."""

from typing import Any

from provisioning_assets.backends import aws
from tests.support.back_ends import REGION, aws_access


def pca(address: str, region: str = REGION) -> Any:
    """A client of somebody who may do everything."""
    return aws.of(aws_access(address)).client("acm-pca", region)


def pending_authority(address: str, region: str = REGION) -> str:
    """An authority without a certificate of its own; its ARN."""
    configuration = {
        "KeyAlgorithm": "RSA_2048", "SigningAlgorithm": "SHA256WITHRSA", "Subject": {"CommonName": "Test Root"},
    }  # fmt: skip
    made = pca(address, region).create_certificate_authority(
        CertificateAuthorityConfiguration=configuration, CertificateAuthorityType="ROOT"
    )
    return str(made["CertificateAuthorityArn"])


def root_authority(address: str, region: str = REGION) -> str:
    """An active root; its ARN."""
    client, arn = pca(address, region), pending_authority(address, region)
    request = client.get_certificate_authority_csr(CertificateAuthorityArn=arn)["Csr"]
    own = client.issue_certificate(
        CertificateAuthorityArn=arn, Csr=request.encode(), SigningAlgorithm="SHA256WITHRSA",
        TemplateArn="arn:aws:acm-pca:::template/RootCACertificate/V1", Validity={"Value": 9, "Type": "YEARS"},
    )["CertificateArn"]  # fmt: skip
    certificate = client.get_certificate(CertificateAuthorityArn=arn, CertificateArn=own)["Certificate"]
    client.import_certificate_authority_certificate(CertificateAuthorityArn=arn, Certificate=certificate.encode())
    return arn
