"""What constructs read in Node.js: of the app's own files, and of nothing that no digest would see change."""

import json
import py_compile
import subprocess
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends.infrastructure import QUIET, Engine
from provisioning_assets.backends.infrastructure.cdk import synth
from provisioning_assets.backends.infrastructure.cdk.assembly import Template
from provisioning_assets.backends.infrastructure.cdk.packages import PRELOADED
from provisioning_assets.errors import ProviderFailed
from tests.support.back_ends import aws_access
from tests.support.cdk_stage import stage, write_app
from tests.support.ministack import empty_ministack

pytestmark = pytest.mark.second

APP = """
import os
{first}
import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront, cloudformation_include as include
app = cdk.App()
stack = cdk.Stack(app, "Small")
cdk.CfnResource(stack, "Queue", type="AWS::SQS::Queue")
{line}
app.synth()
"""
INCLUDE = 'include.CfnInclude(stack, "Included", template_file="{}")'


def write(folder: Path, line: str = "", first: str = "") -> None:
    write_app(folder / "root", APP.format(line=line, first=first), {})


def template(file: Path, delay: int) -> None:
    """A template of one queue."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": delay}}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"Resources": {"Included": queue}}))


def made(folder: Path) -> Template:
    root = stage(folder)
    return synth.synthesize(root, synth.given(root), "123456789012", aws_access("http://127.0.0.1:9"))


def refused(folder: Path) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as failure:
        made(folder)
    assert failure.value.remedy
    return failure.value


@pytest.mark.parametrize("name", ["queue.json", "templates/parts/queue.json"])
def test_a_template_of_the_app_is_included(tmp_path: Path, name: str) -> None:
    write(tmp_path, INCLUDE.format(name))
    template(tmp_path / "root" / name, 7)

    included = made(tmp_path).body["Resources"]["Included"]

    assert included["Properties"] == {"DelaySeconds": 7}


def test_another_content_of_it_is_another_plan(ministack: str, cdk: Engine, tmp_path: Path) -> None:
    empty_ministack(ministack)
    write(tmp_path, INCLUDE.format("queue.json"))
    template(tmp_path / "root/queue.json", 7)
    root = stage(tmp_path)
    cdk.apply(root, cdk.plan(root, QUIET), QUIET)
    assert cdk.plan(root, QUIET).empty

    template(tmp_path / "root/queue.json", 8)

    assert [change.attributes for change in cdk.plan(root, QUIET).changes] == [("DelaySeconds",)]


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("queue.json", INCLUDE.format("../queue.json")),
        ("root/cdk.out/queue.json", INCLUDE.format("cdk.out/queue.json")),
        ("root/queue.json~", INCLUDE.format("queue.json~")),
        ("queue.json", 'cloudfront.FunctionCode.from_file(file_path="../queue.json").render()'),
    ],
)
def test_what_is_in_no_digest_is_not_included(tmp_path: Path, where: str, line: str) -> None:
    write(tmp_path, line)
    template(tmp_path / where, 7)

    assert refused(tmp_path).where == str(tmp_path / where)


@pytest.mark.parametrize("line", [
    'os.path.exists("../beside.json")',
    '__import__("pathlib").Path("../beside.json").is_file()',
    'os.access("../beside.json", os.R_OK)',
    'os.chdir(".."); open("beside.json")',
    'os.listdir("..")',
    '__import__("sqlite3").connect("../beside.json")',
])  # fmt: skip
def test_python_looks_at_nothing_that_is_in_no_digest(tmp_path: Path, line: str) -> None:
    write(tmp_path, line)
    (tmp_path / "beside.json").write_text("")

    assert refused(tmp_path).where.startswith(str(tmp_path))


def test_an_app_may_look_for_its_own_files(tmp_path: Path) -> None:
    here = '__import__("pathlib").Path(__file__).resolve().parent'
    line = f'({here} / "own.json").exists(); os.path.isfile("x")'
    write(tmp_path, line)
    (tmp_path / "root/own.json").write_text("")

    assert "Queue" in made(tmp_path).body["Resources"]


def test_what_was_compiled_earlier_is_not_run(tmp_path: Path) -> None:
    """Python would take it for this very source: by its time and size, or unseen."""
    write(tmp_path, first="import part; part.told(globals())", line='assert not globals().get("planted")')
    source = tmp_path / "root/part.py"
    source.write_text('def told(names): names["planted"] = True\n')
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    source.write_text("def told(names): pass\n")

    assert "Queue" in made(tmp_path).body["Resources"]


@pytest.mark.parametrize("name", ["PYTHONPATH", "NODE_PATH", "NODE_OPTIONS", "CDK_CONTEXT_JSON", "JSII_RUNTIME"])
def test_no_variable_of_the_shell_reaches_an_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    write(tmp_path, f'assert "{tmp_path}/planted" not in os.environ.get("{name}", "")')
    monkeypatch.setenv(name, f"{tmp_path}/planted")

    assert "Queue" in made(tmp_path).body["Resources"]


def test_a_link_to_elsewhere_is_its_target(tmp_path: Path) -> None:
    """A file is read through its link also for the digest; a folder is not."""
    write(tmp_path, INCLUDE.format("linked.json"))
    template(tmp_path / "queue.json", 7)
    (tmp_path / "root/linked.json").symlink_to(tmp_path / "queue.json")
    assert "Included" in made(tmp_path).body["Resources"]

    write(tmp_path, INCLUDE.format("folder/queue.json"))
    (tmp_path / "root/linked.json").unlink()
    (tmp_path / "root/folder").symlink_to(tmp_path)
    assert refused(tmp_path).where == str(tmp_path / "queue.json")


def test_a_node_that_nobody_watched_is_refused(tmp_path: Path) -> None:
    write(tmp_path, first='os.environ["NODE_OPTIONS"] = ""')

    assert not refused(tmp_path).cause, "the app itself ended well"


def test_constructs_run_no_program(tmp_path: Path) -> None:
    line = 'try:\n    cdk.DockerImage.from_build(".")\nexcept BaseException:\n    pass'
    write(tmp_path, line, 'os.environ["CDK_DOCKER"] = "/bin/true"')

    assert "spawnSync" in refused(tmp_path).what


def node(folder: Path, script: str) -> tuple[list[Any], int]:
    """What is written down of a script, and how it ended."""
    report = folder / "report"
    variables = {"PROVISIONING_NODE_REPORT": str(report)}
    command = [synth.node(), "--require", str(PRELOADED), "-e", script]
    ended = subprocess.run(command, cwd=folder, env=variables, capture_output=True, check=False, timeout=60)
    return [json.loads(line) for line in report.read_text().splitlines()], ended.returncode


@pytest.mark.parametrize(
    "call",
    [
        "fs.readFileSync(NAME)",
        "fs.readFileSync(Buffer.from(NAME))",
        "fs.readFileSync(new URL('file://' + NAME))",
        "fs.readFile(NAME, () => {})",
        "fs.openSync(NAME)",
        "fs.createReadStream(NAME).resume()",
        "fs.promises.readFile(NAME)",
        "require('fs/promises').open(NAME).then((it) => it.close())",
        "import('node:fs').then((it) => it.readFileSync(NAME))",
        "fs.copyFileSync(NAME, 'copied')",
        "fs.cpSync(NAME, 'copied')",
        "fs.existsSync(NAME)",
        "fs.statSync(NAME)",
        "fs.readdirSync(require('path').dirname(NAME))",
    ],
)
def test_each_way_to_read_is_written_down(tmp_path: Path, call: str) -> None:
    file = tmp_path / "a file.txt"
    file.touch()

    told, code = node(tmp_path, call.replace("NAME", json.dumps(str(file))))

    assert code == 0
    assert str(tmp_path if "readdir" in call else file) in {about for _, about in told}


def test_what_is_written_is_not_read(tmp_path: Path) -> None:
    told, _ = node(tmp_path, "fs.writeFileSync('made', ''); fs.closeSync(fs.openSync('more', 'w'))")

    assert {about for _, about in told if about and Path(about).name in {"made", "more"}} == set()


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("require('child_process').spawnSync('true')", "spawnSync"),
        ("require('child_process').exec('true')", "exec"),
        ("require('child_process').fork('x.js')", "fork"),
        ("require('net').connect(9)", "connect"),
        ("fetch('http://127.0.0.1:40999').catch(() => {})", "connect"),
    ],
)
def test_node_needs_no_network_and_no_program(tmp_path: Path, call: str, what: str) -> None:
    told, _ = node(tmp_path, f"try {{ {call} }} catch {{}}")

    assert ["refused", what] in told
