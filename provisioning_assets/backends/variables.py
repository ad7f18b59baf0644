"""Variables of profiles that several back ends read, and what judges their values. A name that ends in `_` begins many.

Each product names its own beside its settings: what resembles one of them, and is none, was misspelt.
"""

from collections.abc import Callable, Mapping

from provisioning_assets.backends.addresses import ports, url
from provisioning_assets.backends.aws_services import SERVICES

Judge = Callable[[str], object]
"""Raises a `ValueError`, whose text says what was expected."""

Variables = Mapping[str, Judge]

CLOSED = ("AWS_ENDPOINT_URL_",)
"""Beginnings of names that are all known: any other one is misspelt, whatever it resembles."""


def texts(*names: str) -> Variables:
    """Variables of which any text is a value."""
    return dict.fromkeys(names, str)


AWS: Variables = {
    **texts(
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
        "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "AWS_DEFAULT_OUTPUT", "AWS_PAGER",
        "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_V1_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "AWS_IMDS_USE_IPV6", "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
        "AWS_METADATA_SERVICE_TIMEOUT", "AWS_ACCOUNT_ID_ENDPOINT_MODE", "AWS_AUTH_SCHEME_PREFERENCE",
        "AWS_CSM_CLIENT_ID", "AWS_CSM_ENABLED", "AWS_CSM_HOST", "AWS_CSM_PORT", "AWS_DATA_PATH", "AWS_DEFAULTS_MODE",
        "AWS_DISABLE_HOST_PREFIX_INJECTION", "AWS_DISABLE_REQUEST_COMPRESSION", "AWS_ENDPOINT_DISCOVERY_ENABLED",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_MAX_ATTEMPTS", "AWS_REQUEST_CHECKSUM_CALCULATION",
        "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "AWS_RESPONSE_CHECKSUM_VALIDATION", "AWS_RETRY_MODE",
        "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "AWS_S3_USE_ARN_REGION", "AWS_SDK_UA_APP_ID", "AWS_SDK_LOAD_CONFIG",
        "AWS_SIGV4A_SIGNING_REGION_SET", "AWS_STS_REGIONAL_ENDPOINTS", "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_USE_FIPS_ENDPOINT", "AWS_BEARER_TOKEN_",
    ),
    "AWS_ENDPOINT_URL": url,
    **{f"AWS_ENDPOINT_URL_{service}": url for service in SERVICES},
}  # fmt: skip
"""What SDKs of AWS read, ours and that of Terraform."""

POSTGRESQL: Variables = {
    **texts(
        "PGHOST", "PGHOSTADDR", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGSERVICEFILE",
        "PGSYSCONFDIR", "PGLOCALEDIR", "PGOPTIONS", "PGAPPNAME", "PGCLIENTENCODING", "PGCONNECT_TIMEOUT", "PGTZ",
        "PGDATESTYLE", "PGGEQO", "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS", "PGCHANNELBINDING", "PGREQUIREAUTH",
        "PGREQUIREPEER", "PGREQUIRESSL", "PGSSLMODE", "PGSSLNEGOTIATION", "PGSSLCOMPRESSION", "PGSSLCERT", "PGSSLKEY",
        "PGSSLCERTMODE", "PGSSLROOTCERT", "PGSSLCRL", "PGSSLCRLDIR", "PGSSLSNI", "PGSSLMINPROTOCOLVERSION",
        "PGSSLMAXPROTOCOLVERSION", "PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION", "PGGSSENCMODE", "PGGSSLIB",
        "PGGSSDELEGATION", "PGKRBSRVNAME", "PGOAUTHDEBUG", "PG_CONN_STR",
    ),
    "PGPORT": ports,
}  # fmt: skip
"""What libpq reads, and Terraform."""
