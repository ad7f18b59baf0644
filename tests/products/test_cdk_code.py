"""The code of a CDK app: what enters its digest, and what is wrong with it before it runs."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.backends.infrastructure.cdk.code import CdkCode
from provisioning_assets.backends.infrastructure.code import CodeProblem
from provisioning_assets.errors import ConfigurationError
from tests.support.cdk_stage import write_app


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_app(tmp_path / "cdk" / "small")


def problems(root: Path, *variables: str) -> list[CodeProblem]:
    return list(CdkCode().validate(root, variables, root.parents[1]))


def sources(root: Path) -> dict[str, str]:
    return CdkCode().sources(root, root.parents[1])


def test_an_app_that_is_as_it_should_be_has_no_problem(root: Path) -> None:
    assert problems(root, "size") == []


def test_every_file_of_the_app_enters_its_digest(root: Path) -> None:
    (root / "cdk.context.json").write_text("{}")
    (root / "parts").mkdir()
    (root / "parts/policy.json").write_text("{}")

    assert set(sources(root)) == {
        f"cdk/small/{name}"
        for name in ("app.py", "cdk.json", "cdk.context.json", "requirements.txt", "parts/policy.json")
    }


@pytest.mark.parametrize("name", ["app.py", "cdk.json", "cdk.context.json", "requirements.txt", ".hidden"])
def test_another_content_is_another_digest(root: Path, name: str) -> None:
    (root / name).touch()
    before = sources(root)

    (root / name).write_text((root / name).read_text() + "\n")

    assert sources(root) != before


@pytest.mark.parametrize("name", ["cdk.out/manifest.json", "__pycache__/app.pyc", ".venv/lib/x.py", "app.py~"])
def test_what_is_made_from_the_code_is_not_code(root: Path, name: str) -> None:
    before = sources(root)

    (root / name).parent.mkdir(exist_ok=True, parents=True)
    (root / name).write_text("made")

    assert sources(root) == before


def test_what_a_link_leads_to_enters_the_digest(root: Path) -> None:
    (root.parent / "shared.json").write_text("1")
    (root / "shared.json").symlink_to("../shared.json")
    before = sources(root)

    (root.parent / "shared.json").write_text("2")

    assert sources(root) != before


def without(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).unlink()


def holding(name: str, text: str) -> Callable[[Path], None]:
    return lambda root: (root / name).write_text(text) and None


def saying(**told: object) -> Callable[[Path], None]:
    return lambda root: (root / "cdk.json").write_text(json.dumps({"app": "python3 app.py", **told}, indent=2)) and None


def linked(root: Path) -> None:
    (root.parent / "shared").mkdir()
    (root / "shared").symlink_to("../shared")


def link(target: str) -> Callable[[Path], None]:
    return lambda root: (root / "linked.json").symlink_to(target)


@pytest.mark.parametrize("spoil", [
    link("gone.json"), link("linked.json"), link("/etc/hostname"), lambda root: os.mkfifo(root / "linked.json"),
])  # fmt: skip
def test_what_no_digest_can_hold_is_refused_by_its_path(root: Path, spoil: Callable[[Path], None]) -> None:
    spoil(root)

    (problem,) = problems(root)
    with pytest.raises(ConfigurationError) as failure:
        sources(root)

    assert problem.file == "cdk/small/linked.json"
    assert [each.file for each in failure.value.problems] == [problem.file]
    assert problem.expected
    assert failure.value.remedy


@pytest.mark.parametrize(
    ("spoil", "file", "line"),
    [
        (holding("cdk.json", '{\n "app": \n}'), "cdk.json", 3),
        (holding("cdk.json", "[]"), "cdk.json", 1),
        (holding("cdk.context.json", "{\n"), "cdk.context.json", 2),
        (saying(app="npx ts-node bin/app.ts"), "cdk.json", 2),
        (saying(app="python3 app.py && curl x"), "cdk.json", 2),
        (saying(app="python3 -c 'import app'"), "cdk.json", 2),
        (saying(app="python3 other.py"), "cdk.json", 2),
        (saying(app="python3 ../app.py"), "cdk.json", 2),
        (holding("cdk.json", "{}"), "cdk.json", 1),
        (saying(build="make"), "cdk.json", 3),
        (saying(context=[]), "cdk.json", 3),
        (without("requirements.txt"), "cdk.json", 1),
        (holding("requirements.txt", "aws-cdk-lib==2.275.0\nconstructs>=10\n"), "requirements.txt", 2),
        (holding("requirements.txt", "aws-cdk-lib==2.275.0\n-r more.txt\n"), "requirements.txt", 2),
        (holding("requirements.txt", "constructs==10.8.1\n"), "requirements.txt", 1),
        (holding("more.py", "import this\nopen('../secrets.json')\n"), "more.py", 2),
        (holding("more.py", "def\n"), "more.py", 1),
        (linked, "shared", 1),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(
    root: Path, spoil: Callable[[Path], None], file: str, line: int
) -> None:
    spoil(root)

    (problem,) = problems(root)

    assert (problem.file, problem.line) == (f"cdk/small/{file}", line)


def test_a_folder_without_an_app_is_the_stages_mistake(root: Path) -> None:
    (root / "cdk.json").unlink()

    (problem,) = problems(root)

    assert problem.place == ("root",)


def test_a_variable_that_the_app_does_not_take_is_named(root: Path) -> None:
    (problem,) = problems(root, "sise")

    assert problem.place == ("variables", "sise")
    assert "size" in problem.choices


def test_flags_of_cdk_are_no_variables(root: Path) -> None:
    saying(context={"size": "small", "@aws-cdk/core:flag": True, "aws:cdk:x": 1})(root)

    assert problems(root, "size") == []
    assert problems(root, "flag")[0].choices == ("size",)


def test_paths_inside_of_the_app_may_climb(root: Path) -> None:
    (root / "parts").mkdir()
    (root / "parts/more.py").write_text("open('../parts/policy.json')\n")

    assert [problem.line for problem in problems(root)] == [1]
    (root / "parts/more.py").write_text("open('parts/../parts/policy.json')\n")
    assert problems(root) == []
