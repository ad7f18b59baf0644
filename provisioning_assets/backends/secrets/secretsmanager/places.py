"""Places in Secrets Manager: prefixes of names, which are always there, and what opens the secrets behind them."""

from collections.abc import Iterator
from typing import Any

from provisioning_assets.backends.secrets import PURPOSES
from provisioning_assets.backends.secrets.secretsmanager.calls import Calls, unless
from provisioning_assets.core.plan import Attributes
from provisioning_assets.errors import ApplyFailed

AMAZONS_KEY = "alias/aws/secretsmanager"


class Places:
    """The names that begin with a scope."""

    def __init__(self, calls: Calls, key: str | None) -> None:
        self._calls = calls
        self._key = key

    def names(self, prefix: str, *, deleted: bool = False) -> list[str]:
        """Names that begin with the prefix, also of deleted secrets if asked."""
        parameters = {"Filters": [{"Key": "name", "Values": [prefix]}], "IncludePlannedDeletion": deleted}
        listed = self._calls.pages("secretsmanager", "list_secrets", "SecretList", prefix, **parameters)
        # Who deletes a secret, and when, is not in the same list everywhere.
        return sorted(each["Name"] for each in listed if each["Name"].startswith(prefix))

    def read(self, scope: str) -> dict[str, Attributes]:
        """The declared purposes, and any other in whose place a secret lies."""
        held: dict[str, list[str]] = {purpose: [] for purpose in PURPOSES}
        for name in self.names(f"{scope}/"):
            held.setdefault(_purpose(scope, name), []).append(name)
        return {
            f"place {purpose}": {"otherwise": [text for name in names for text in self._otherwise(name)]}
            for purpose, names in held.items()
        }

    def restore(self, scope: str, purpose: str) -> None:
        """Undo what `otherwise` lists."""
        for name in self._in_place(scope, purpose):
            if (about := self._about(name)) is None:
                continue
            if self._opened(name):
                self._ask("delete_resource_policy", name)
            if not self._encrypted_as_wanted(about):
                self._ask("update_secret", name, KmsKeyId=self._key or AMAZONS_KEY)
            if regions := [each["Region"] for each in about.get("ReplicationStatus", [])]:
                self._ask("remove_regions_from_replication", name, RemoveReplicaRegions=regions)

    def delete(self, scope: str, purpose: str) -> None:
        """Nothing, if the place is empty; a secret that was deleted can still be restored, so it counts."""
        held = self._in_place(scope, purpose, deleted=True)
        if held:
            raise ApplyFailed(
                f"the place {scope}/{purpose} holds {len(held)} secrets and is not deleted",
                cause="they would be gone, every version of them",
                remedy=f"move them, or delete each for good: {for_good(held[0])}",
            )

    def _in_place(self, scope: str, purpose: str, *, deleted: bool = False) -> list[str]:
        names = self.names(f"{scope}/{purpose}", deleted=deleted)
        return [name for name in names if _purpose(scope, name) == purpose]

    def _otherwise(self, name: str) -> Iterator[str]:
        about = self._about(name)
        if about is None:
            return
        if policy := self._opened(name):
            yield f"{name} has a policy of its own: {policy}"
        if not self._encrypted_as_wanted(about):
            yield f"{name} is encrypted with {about.get('KmsKeyId', AMAZONS_KEY)}, not {self._key or AMAZONS_KEY}"
        for each in about.get("ReplicationStatus", []):
            yield f"{name} is copied to {each['Region']}"

    def _about(self, name: str) -> Any:
        """What is known about a secret; None when it was deleted since it was listed."""
        about = None
        with unless("ResourceNotFoundException"):
            about = self._ask("describe_secret", name)
        return None if about is None or about.get("DeletedDate") else about

    def _opened(self, name: str) -> str:
        """The policy that opens or closes one secret by itself."""
        return str(self._ask("get_resource_policy", name).get("ResourcePolicy") or "")

    def _encrypted_as_wanted(self, about: Any) -> bool:
        found = about.get("KmsKeyId") or AMAZONS_KEY
        if self._key is None:
            return str(found).endswith(AMAZONS_KEY)
        return found in {self._key, self._key.rpartition("/")[2]}

    def _ask(self, operation: str, name: str, **parameters: Any) -> Any:
        return self._calls.ask("secretsmanager", operation, name, SecretId=name, **parameters)


def for_good(name: str) -> str:
    """The command that deletes a secret without a way back."""
    return f"aws secretsmanager delete-secret --force-delete-without-recovery --secret-id {name}"


def _purpose(scope: str, name: str) -> str:
    return name.removeprefix(f"{scope}/").partition("/")[0]
