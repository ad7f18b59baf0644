"""Certificates: issued for the declared names, kept in the secret store, and served as issued."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from provisioning_assets.assets.task import AUTHORITY, AWS, SECRET_STORE, Declared, Task, equals_declared, inputs, section
from provisioning_assets.evidence import Finding
from provisioning_assets.plan import Action, Attributes, Change, ChangeClass
from provisioning_assets.providers.certificates import CertificateAuthority, Issued
from provisioning_assets.providers.certificates.registry import BACK_ENDS
from provisioning_assets.providers.certificates.served import check_served, describe, renewal_due
from provisioning_assets.providers.dns.propagation import authoritative_servers, wait_until_served
from provisioning_assets.readiness import readiness_item
from provisioning_assets.resources import Work, now
from provisioning_assets.spec.engagement import Engagement, Environment
from provisioning_assets.spec.sections import Certificate
