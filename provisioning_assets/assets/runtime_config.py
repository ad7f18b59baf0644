"""Runtime configuration: the live values are the reviewed ones, key by key."""

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
            # An undeclared value may be a secret: a plan only says that it exists.
            key: found if key in run.files else {"value": SENSITIVE}
            for key, found in store.read(environment.runtime_config.prefix).items()
        },
        write=store.write,
    )


@readiness_item(review_item=1)
def runtime_config_equals_reviewed(run: AssetRun) -> Finding:
    """The keys below the prefix, and their values, are exactly those of the version-controlled files.

    Red names each key that differs. Change the files and apply; never edit the live value.
    """
    return equals_declared(run, target(run))


@readiness_item(review_item=1)
def no_value_belongs_to_another_environment(run: AssetRun) -> Finding:
    """No live value contains a value that is declared for another environment, such as a staging URL in production.

    Red names the key, the other environment and the difference. Correct the configuration files, then apply.
    """
    live = run.backend(Kind.CONFIG).read(run.environment.runtime_config.prefix)
    return Finding.over("live keys", {key: _foreign(run, str(found["value"])) for key, found in live.items()})


def _foreign(run: AssetRun, text: str) -> str | None:
    """The declared difference of another environment that a live value contains, if any."""
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
    # The other environments' values decide whether one of ours is foreign.
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
