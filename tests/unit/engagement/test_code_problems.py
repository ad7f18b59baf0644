"""What is wrong with the code of a stage is said beside what is wrong in the engagement file."""

import shutil
from collections.abc import Callable
from pathlib import Path

from provisioning_assets.errors import Problem

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]


def test_code_that_cannot_be_read_is_named_beside_the_files_problems(
    folder: Path, edit: Edit, problems: Problems
) -> None:
    main = folder.parents[1] / "terraform/stages/compute/main.tf"
    line = len(main.read_text(encoding="utf-8").splitlines()) + 1
    main.write_text(main.read_text(encoding="utf-8") + 'resource "aws_vpc" {{\n', encoding="utf-8")
    edit("client:", "cliend:")
    found = problems()
    assert [each.line for each in found if each.file == "terraform/stages/compute/main.tf"] == [line]
    assert any("`cliend`" in each.what for each in found)


def test_a_module_that_is_not_there_is_named(folder: Path, problems: Problems) -> None:
    shutil.rmtree(folder.parents[1] / "terraform/modules/queue")
    (problem,) = problems()
    assert problem.file == "engagements/demo_shop/engagement.yaml"
    assert "terraform/modules/queue" in problem.what


def test_a_file_that_no_digest_would_see_is_named(folder: Path, problems: Problems) -> None:
    main = folder.parents[1] / "terraform/stages/compute/main.tf"
    text = main.read_text(encoding="utf-8")
    reads = 'locals {\n  a = file("${path.module}/a.json")\n  b = file("${path.module}/../../../../b.json")\n}\n'
    main.write_text(text + reads, encoding="utf-8")
    (problem,) = problems()
    assert (problem.file, problem.line) == ("terraform/stages/compute/main.tf", len(text.splitlines()) + 3)
    assert "b.json" in problem.what
