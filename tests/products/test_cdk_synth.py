"""Synthesis: an app becomes one template, out of its own files and variables, and of nothing else."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends.infrastructure.cdk import assembly, synth
from provisioning_assets.backends.infrastructure.cdk.assembly import Template
from provisioning_assets.errors import ProviderFailed
from tests.support.back_ends import aws_access
from tests.support.cdk_stage import stage, write_app

pytestmark = pytest.mark.second

ACCOUNT = "123456789012"
NOBODY = "http://127.0.0.1:9"


def made(folder: Path, app: str, upstream: dict[str, Any] | None = None, **variables: Any) -> Template:
    """What this app becomes."""
    if not (folder / "root").exists():
        write_app(folder / "root", app)
    root = stage(folder, upstream, **variables)
    return synth.synthesize(root, synth.given(root), ACCOUNT, aws_access(NOBODY))


def refused(folder: Path, app: str) -> ProviderFailed:
    """Why this app becomes nothing."""
    with pytest.raises(ProviderFailed) as failure:
        made(folder, app)
    assert failure.value.remedy
    assert failure.value.where
    return failure.value


def stack_of(line: str = "", more: str = "") -> str:
    """A small app with a line of its own."""
    needed = [f"aws_{each} as {each}" for each in ("ec2", "s3_assets", "ssm") if f"{each}." in line or each == "ssm"]
    return f"""
import json, os
import aws_cdk as cdk
from aws_cdk import {", ".join(needed)}
app = cdk.App()
stack = cdk.Stack(app, "Small")
ssm.StringParameter(stack, "Size", string_value="x")
{line}
app.synth()
{more}
"""


def parameter(value: str) -> str:
    """An app that tells a value."""
    return stack_of(f'ssm.StringParameter(stack, "Told", string_value=json.dumps({value}))')


def told(template: Template) -> Any:
    (value,) = (
        each["Properties"]["Value"]
        for each in template.body["Resources"].values()
        if each["Properties"]["Value"] != "x"
    )
    return json.loads(value)


def test_variables_and_outputs_of_earlier_stages_are_context(tmp_path: Path) -> None:
    write_app(tmp_path / "root", context={"size": "small", "sort": "own", "networking": None, "flag": 1})
    (tmp_path / "root/cdk.context.json").write_text('{"flag": 2}')
    names = '["size", "sort", "networking", "compute", "environment", "flag"]'
    (tmp_path / "root/app.py").write_text(parameter(f"[app.node.try_get_context(name) for name in {names}]"))
    upstream = {"networking": {"vpc_id": "vpc-1", "subnets": ["a", "b"]}, "compute": {"x": "not taken"}}

    template = made(tmp_path, "", upstream, size="large", environment="staging")

    assert told(template) == ["large", "own", upstream["networking"], None, "staging", 2]


def test_an_app_finds_nothing_of_the_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "CANARY")
    monkeypatch.setenv("SIZE", "CANARY")

    template = made(tmp_path, parameter("dict(os.environ)"))

    found = told(template)
    assert "CANARY" not in json.dumps(found)
    assert not [name for name in found if name.startswith("AWS_")]
    assert found["CDK_DEFAULT_ACCOUNT"] == ACCOUNT
    assert found["HOME"] == str(tmp_path / "work")


def test_the_template_asks_for_no_bootstrap(tmp_path: Path) -> None:
    template = made(tmp_path, stack_of('cdk.Tags.of(stack).add("Team", "shop")'))

    assert set(template.body) == {"Resources"}
    assert template.tags == {"Team": "shop"}


def test_an_app_that_fails_names_its_line(tmp_path: Path) -> None:
    failure = refused(tmp_path, "import json\nimport os\nraise ValueError('out of sizes')\n")

    assert failure.where == f"{tmp_path / 'root/app.py'}:3"
    assert "out of sizes" in failure.cause


@pytest.mark.parametrize(
    "line",
    [
        "open('../../elsewhere.json')",
        "from pathlib import Path; Path('/etc/hostname').read_text()",
        "import os; os.listdir('..')",
        "import sys; sys.path.insert(0, '..'); import elsewhere",
        "import provisioning_assets",
    ],
)
def test_what_lies_outside_of_the_app_is_not_read(tmp_path: Path, line: str) -> None:
    (tmp_path / "elsewhere.json").write_text("{}")
    (tmp_path / "elsewhere.py").write_text("")
    (tmp_path.parent / "elsewhere.json").write_text("{}")

    failure = refused(tmp_path, line)

    assert str(tmp_path / "root") not in failure.where.split(", ")


@pytest.mark.parametrize(
    "line",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
    ],
)
@pytest.mark.parametrize("hidden", [False, True], ids=["", "though the app takes no notice"])
def test_an_app_needs_no_network_and_no_program(tmp_path: Path, line: str, *, hidden: bool) -> None:
    module = line.split(";", maxsplit=1)[0]
    app = stack_of(f"{module}\ntry:\n    {line}\nexcept BaseException:\n    pass") if hidden else line

    assert "PermissionError" in (failure := refused(tmp_path, app)).cause or (hidden and not failure.cause)


def test_a_package_that_is_not_pinned_is_refused(tmp_path: Path) -> None:
    assert "tenacity" in refused(tmp_path, "import tenacity").what


@pytest.mark.parametrize("pins", ["aws-cdk-lib==2.1.0", "aws-cdk-lib==2.275.0\nnot-installed-here==1.0", "tenacity"])
def test_what_is_installed_is_what_is_pinned(tmp_path: Path, pins: str) -> None:
    write_app(tmp_path / "root", stack_of())
    (tmp_path / "root/requirements.txt").write_text(pins)

    failure = refused(tmp_path, "")

    assert "requirements.txt:" in failure.where


@pytest.mark.parametrize(
    "line",
    [
        's3_assets.Asset(stack, "File", path="app.py")',
        'cdk.NestedStack(stack, "Nested").template_options.description = "x"',
        'cdk.Stack(cdk.Stage(app, "Stage"), "Another")',
        "ssm.StringParameter.value_for_string_parameter(stack, '/size')",
    ],
)
def test_what_is_not_one_stack_by_itself_is_refused(tmp_path: Path, line: str) -> None:
    refused(tmp_path, stack_of(line))


@pytest.fixture(scope="module")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What CDK made of a small app."""
    folder = tmp_path_factory.mktemp("assembled")
    made(folder, stack_of())
    return folder / "work/cdk.out"


def read(assembled: Path, folder: Path, **properties: Any) -> Template:
    """The assembly, with something else about its stack, as the environment's."""
    shutil.copytree(assembled, folder / "out")
    manifest = folder / "out/manifest.json"
    told = json.loads(manifest.read_text())
    told["artifacts"]["Small"] |= {"environment": properties.pop("environment", "aws://unknown-account/unknown-region")}
    told["artifacts"]["Small"]["properties"] |= properties
    manifest.write_text(json.dumps(told))
    return assembly.read(stage(folder), folder / "out", f"aws://{ACCOUNT}/eu-central-1")


@pytest.mark.parametrize(
    "properties",
    [
        {"environment": "aws://999999999999/eu-central-1"},
        {"environment": f"aws://{ACCOUNT}/eu-west-1"},
        {"terminationProtection": True},
        {"notificationArns": ["arn:aws:sns:eu-central-1:123456789012:somebody"]},
    ],
    ids=str,
)
def test_a_stack_that_would_not_be_as_its_app_says_is_refused(
    tmp_path: Path, assembled: Path, properties: dict[str, Any]
) -> None:
    with pytest.raises(ProviderFailed) as failure:
        read(assembled, tmp_path, **properties)

    assert failure.value.remedy


@pytest.mark.parametrize("where", [f"aws://{ACCOUNT}/eu-central-1", "aws://unknown-account/unknown-region"])
def test_a_stack_goes_to_the_environment(tmp_path: Path, assembled: Path, where: str) -> None:
    assert read(assembled, tmp_path, environment=where).body


def test_a_lookup_is_told_what_to_do(tmp_path: Path) -> None:
    app = stack_of('ec2.Vpc.from_lookup(stack, "V", is_default=True)')
    env = f'env=cdk.Environment(account="{ACCOUNT}", region="eu-central-1")'

    failure = refused(tmp_path, app.replace('"Small")', f'"Small", {env})'))

    assert "cdk.context.json" in failure.remedy


def test_an_app_that_makes_nothing_is_told(tmp_path: Path) -> None:
    assert "synth" in refused(tmp_path, "pass").remedy


def test_nothing_is_left_beside_the_code(tmp_path: Path) -> None:
    write_app(tmp_path / "root", "import more\n" + stack_of())
    (tmp_path / "root/more.py").write_text("")
    before = sorted(file.name for file in (tmp_path / "root").iterdir())

    made(tmp_path, "")

    assert sorted(file.name for file in (tmp_path / "root").iterdir()) == before


def test_a_machine_without_the_library_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth, "find_spec", lambda _name: None)
    write_app(tmp_path / "root")

    with pytest.raises(ProviderFailed) as failure:
        made(tmp_path, "")

    assert "provisioning-assets[cdk]" in failure.value.remedy


def test_an_app_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth, "_LIMIT", 1.0)

    refused(tmp_path, stack_of("import time; time.sleep(60)"))
