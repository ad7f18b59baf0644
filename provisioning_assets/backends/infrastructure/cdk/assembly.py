"""What a synthesis made: the assembly that CDK writes, as one template, or the reasons why it is none.

https://docs.aws.amazon.com/cdk/v2/guide/deploy.html#deploy-how-synth-assemblies
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioning_assets.backends.infrastructure import StageRoot
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

_BOOTSTRAP = {"Parameters": "BootstrapVersion", "Rules": "CheckBootstrapVersion"}
"""What asks for CDK's own bucket and roles: a stack without assets needs neither."""


@dataclass(frozen=True, slots=True)
class Template:
    """What a synthesis says: CloudFormation's template, and the tags of the stack."""

    body: Mapping[str, Json]
    tags: Mapping[str, str]


def read(stage: StageRoot, out: Path, here: str) -> Template:
    """The template of the one stack in it, which goes to `here` (`aws://ACCOUNT/REGION`) or to anywhere."""
    manifest = out / "manifest.json"
    if not manifest.is_file():
        raise ProviderFailed(
            f"the app of {stage.name} made nothing", where=str(stage.root), remedy="end it with `app.synth()`"
        )
    told = json.loads(manifest.read_text(encoding="utf-8"))
    stacks = [each for each in told["artifacts"].values() if each["type"] == "aws:cloudformation:stack"]
    problems = list(_problems(told, stacks, out, here))
    if problems:
        raise ProviderFailed(
            f"the app of {stage.name} is not one stack of this environment",
            where=str(stage.root),
            cause="; ".join(problem for problem, _ in problems),
            remedy="; ".join(dict.fromkeys(remedy for _, remedy in problems)),
        )
    properties = stacks[0]["properties"]
    body = json.loads((out / properties["templateFile"]).read_text(encoding="utf-8"))
    for section, name in _BOOTSTRAP.items():
        body.get(section, {}).pop(name, None)
    if body.get("Parameters"):
        raise ProviderFailed(
            f"the stack of {stage.name} has parameters, and nobody gives them: {', '.join(sorted(body['Parameters']))}",
            where=str(stage.root),
            remedy="take what varies from the context; a secret stays in its store, and the stack refers to it",
        )
    return Template({name: part for name, part in body.items() if part}, properties.get("tags", {}))


def _problems(
    told: Mapping[str, Json], stacks: Sequence[Mapping[str, Json]], out: Path, here: str
) -> Iterator[tuple[str, str]]:
    """What keeps the assembly from being one stack that CloudFormation can make from its template alone."""
    if len(stacks) != 1 or any(each["type"] == "cdk:cloud-assembly" for each in told["artifacts"].values()):
        yield f"it makes {len(stacks)} stacks", "one stage is one stack: split the app, and declare a stage for each"
        return
    (stack,) = stacks
    for missing in told.get("missing", []):
        name = f"it wants to look up {missing['provider']} in the account"
        yield name, "run `cdk synth` with the account's credentials and commit cdk.context.json, or use a variable"
    if stack["environment"] not in {here, "aws://unknown-account/unknown-region"}:
        yield f"its stack goes to {stack['environment']}, the environment is {here}", "leave `env` of the stack out"
    for file in sorted(out.glob("*.assets.json")):
        assets = json.loads(file.read_text(encoding="utf-8"))
        sources = [str(each["source"].get("path")) for each in assets.get("files", {}).values()]
        own = stack["properties"]["templateFile"]
        extra = [name for name in sources if name != own] + list(assets.get("dockerImages", {}))
        if extra:
            what = f"it has {len(extra)} assets (files, images, nested stacks)"
            yield what, "assets need CDK's bootstrap, which is not used here: publish them before, and refer to them"
    for key in ("terminationProtection", "notificationArns"):
        if stack["properties"].get(key):
            yield f"it sets {key}, which is not carried out here", f"leave {key} out"
