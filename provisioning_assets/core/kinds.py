"""Kinds of back ends, and what a readiness item may need of one that not every product has."""

from enum import StrEnum


class Kind(StrEnum):
    """What a back end is for."""

    INFRASTRUCTURE = "infrastructure"
    DNS = "dns"
    CERTIFICATES = "certificates"
    COPIES = "certificate_copies"
    SECRETS = "secrets"
    CONFIG = "config"
    MONITORING = "monitoring"
    STORE = "store"


class Capability(StrEnum):
    """What a readiness item, or a declared setting, needs of a product. The part before the dot is the kind."""

    COVERAGE = "infrastructure.coverage"
    """Lists what is live and belongs to a stage, managed or not."""
    STATE_IN_STORE = "infrastructure.state_in_store"
    """Keeps its state in the environment's own store."""
    ALIAS = "dns.alias"
    """Records that follow another name of the zone."""
    CHALLENGES = "certificates.challenges"
    """Has names proven before it issues: by DNS records, or over HTTP where the settings say so."""
    KEEPS_KEYS = "certificates.keeps_keys"
    """Keeps the keys of what it issues, and renews by itself."""
    UNATTENDED = "certificates.unattended"
    """Issues and renews without a person."""
    GUARDED = "dns.guarded"
    """Refuses by itself to overwrite a record that changed since it was looked at."""
    GRANTS_TRIED = "secrets.grants_tried"
    """Logs in as a role and tries what it can read."""
    ALARM_EVALUATION = "monitoring.alarm_evaluation"
    """Something evaluates rules and notifies their routes."""
    LOGS = "monitoring.logs"
    """Keeps logs."""
    ENGINE_STATE = "store.engine_state"
    """An infrastructure engine can keep its state there."""
    MANY_HOSTS = "store.many_hosts"
    """Runs on several hosts see the same record and the same lock."""

    @property
    def kind(self) -> Kind:
        """The kind of back end that has it."""
        return Kind(self.value.partition(".")[0])
