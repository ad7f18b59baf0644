"""The graph of an engagement: its tasks, what each depends on, and the digests that follow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from provisioning_assets.core.digests import Digests, combine
from provisioning_assets.engagement.models import Engagement
from provisioning_assets.runs.task import Task

VERIFIED = "verified_environment"
"""The asset that an environment ends in, and that opens the next environment."""


@dataclass(frozen=True)
class Graph:
    """Every task of an engagement, upstream first."""

    engagement: Engagement
    tasks: tuple[Task, ...]

    def task(self, environment: str, asset: str) -> Task:
        """The task of this asset; `KeyError` when the engagement has no such asset."""
        return self._by_key[environment, asset]

    def of(self, environment: str) -> Iterator[Task]:
        """The tasks of one environment, upstream first."""
        return (task for task in self.tasks if task.environment == environment)

    def upstream(self, task: Task) -> list[Task]:
        """Every task that this one depends on, directly or not, upstream first."""
        wanted = set(task.upstream)
        for earlier in reversed(list(self.of(task.environment))):
            if earlier.name in wanted:
                wanted.update(earlier.upstream)
        return [earlier for earlier in self.of(task.environment) if earlier.name in wanted]

    def verified(self, environment: str) -> list[Task]:
        """What the next environment needs proven: the verified environment, and before it all that it stands on."""
        whole = self.task(environment, VERIFIED)
        return [*self.upstream(whole), whole]

    def digests(self, task: Task) -> Digests:
        """Content and shared digest of an asset, from files alone."""
        return self._digests[task.key]

    @cached_property
    def _by_key(self) -> Mapping[tuple[str, str], Task]:
        return {task.key: task for task in self.tasks}

    @cached_property
    def _digests(self) -> Mapping[tuple[str, str], Digests]:
        found: dict[tuple[str, str], Digests] = {}
        for task in self.tasks:
            upstream = {name: found[task.environment, name] for name in task.upstream}
            where = self.engagement.environment(task.environment).model_dump(mode="json", include={"name", "region"})
            found[task.key] = combine(task.inputs, environment=where, upstream=upstream)
        return found
