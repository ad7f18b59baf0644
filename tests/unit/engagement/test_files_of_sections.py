"""Files that sections name: what cannot be in a digest is refused where it is named, and nobody waits for it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.errors import Problem

Problems = Callable[[], list[Problem]]
Spoil = Callable[[Path], object]


def link(target: str) -> Spoil:
    return lambda file: file.symlink_to(target)


SPOILT: dict[str, Spoil] = {
    "nothing": lambda _file: None,
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a link to nowhere": link("gone"),
    "a link to itself": lambda file: file.symlink_to(file.name),
    "a link out": link("/etc/hostname"),
    "a device": link("/dev/zero"),
    "no text": lambda file: file.write_bytes(b'{"a": "\xff"}\n'),
}
FILES = {"configuration": "config/common.yaml", "dashboard": "dashboards/shop.json"}


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_cannot_be_read_is_refused(folder: Path, problems: Problems, kind: str, spoilt: str) -> None:
    file = folder / FILES[kind]
    file.unlink()
    SPOILT[spoilt](file)

    found = problems()

    places = {(each.file, each.line) for each in found if file.name in each.file or FILES[kind] in each.what}
    assert places
    assert all(line or name.endswith(file.name) for name, line in places)


@pytest.mark.parametrize("kind", FILES)
def test_a_link_inside_is_read_and_seen_to_change(folder: Path, problems: Problems, kind: str) -> None:
    file = folder / FILES[kind]
    file.rename(file.with_name("moved"))
    file.symlink_to("moved")
    assert problems() == []

    file.with_name("moved").write_text("[")

    assert problems()


@pytest.mark.parametrize("spoil", [link("compute"), link("gone"), os.mkfifo, link("/etc")])
def test_a_root_that_is_no_folder_of_the_repository_is_refused(folder: Path, problems: Problems, spoil: Spoil) -> None:
    root = folder.parents[1] / "terraform/stages/compute"
    root.rename(root.with_name("moved"))
    spoil(root)

    (problem, *_) = problems()

    assert problem.file == "engagements/demo_shop/engagement.yaml"
    assert problem.line
    assert problem.expected
