"""Runtime configuration: what runs is what was reviewed, key by key."""

from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import SENSITIVE
from provisioning_assets.engagement.config_files import runtime_layers, runtime_values
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.validation.differences import mentions
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.declared import Declared, equals_declared
from provisioning_assets.runs.task import Task, inputs, readiness_item, section


def target(run: AssetRun) -> Declared:
    """The keys under the environment's prefix."""
    environment, store = run.environment, run.backend(Kind.CONFIG)
    return Declared(
        desired=lambda: {key: {"value": value} for key, value in run.files.items()},
        read=lambda: {
            # What nobody declared may be a secret: that it is there is all that a plan tells.
            key: found if key in run.files else {"value": SENSITIVE}
            for key, found in store.read(environment.runtime_config.prefix).items()
        },
        write=store.write,
    )


@readiness_item(review_item=1)
def runtime_config_equals_reviewed(run: AssetRun) -> Finding:
    """Every key below the prefix has the value of the version-controlled files, and there is no other key.

    Red names each key that differs. Change the files and apply; never the live value.
    """
    return equals_declared(run, target(run))


@readiness_item(review_item=1)
def no_value_belongs_to_another_environment(run: AssetRun) -> Finding:
    """No live value contains what is declared to be another environment's: a staging URL in production, say."""
    live = run.backend(Kind.CONFIG).read(run.environment.runtime_config.prefix)
    return Finding.over("live keys", {key: _foreign(run, str(found["value"])) for key, found in live.items()})


def _foreign(run: AssetRun, text: str) -> str | None:
    """Whose declared difference a live value holds, if it is not this environment's own."""
    for other in run.engagement.environments:
        if other.name != run.environment.name:
            theirs = {name: other.values[name] for name in run.engagement.differences}
            if name := mentions(text, theirs, run.environment.values):
                return f"contains {other.name}'s {name}"
    return None


def task(engagement: Engagement, environment: Environment) -> Task:
    """The asset of the runtime configuration."""
    items = (runtime_config_equals_reviewed, no_value_belongs_to_another_environment)
    written, template = section(engagement, environment, "runtime_config")
    # What the other environments' values are decides whether one of ours is foreign.
    others = {
        other.name: {name: other.values[name] for name in engagement.differences}
        for other in engagement.environments
        if other.name != environment.name
    }
    own = {**written, "others": others}
    return Task(
        name="runtime_config",
        description="Feature flags, rate limits, third-party endpoints and URLs, as reviewed.",
        environment=environment.name,
        labels=frozenset({environment.runtime_config.provider.name}),
        backends=(Kind.CONFIG,),
        upstream=("secrets", "certificates"),
        inputs=inputs(
            engagement,
            items,
            own=own,
            template=template,
            own_files=runtime_values(engagement, environment),
            shared_files=runtime_layers(engagement, environment),
        ),
        items=items,
        target=target,
    )
