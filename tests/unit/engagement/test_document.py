"""A YAML file that people wrote: what cannot be read is said with its line, and never as a traceback."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.engagement.document import Document
from provisioning_assets.engagement.places import Wrong
from provisioning_assets.errors import ConfigurationError


def read(folder: Path, data: str | bytes) -> Document:
    file = folder / "some.yaml"
    file.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
    return Document(file, "some.yaml")


@pytest.mark.parametrize(
    ("data", "line", "named"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, ""),
        ("a: 1\n  b: 2\n", 2, ""),
        ("a:\n\t- b\n", 2, ""),
        ("a: 'never closed\n", 2, ""),
        ("a: 1\n---\na: 2\n", 2, ""),
        ("a: *nowhere\n", 1, ""),
        ("a: 1\nb: \x07\n", 2, ""),
        ("- a\n- b\n", 1, ""),
        ("", 1, ""),
        ("just a text\n", 1, ""),
        (b"a: 1\nb: caf\xe9\n", 2, ""),
        ("a: 1\n".encode("utf-16"), 1, ""),
        ("a: 1\nb: 2\na: 3\n", 3, "`a`"),
        ("a: 1\nb: &here [1]\nc: *here\n", 2, ""),
        ("a: &a [*a, *a]\n", 1, ""),
        ("a: &a 1\nb: &a 2\n", 1, ""),
        ("a: 1\nb: !!python/name:os.system x\n", 2, ""),
        ("a: 1\nb: .inf\n", 2, ""),
        ("a: 1\nb: 12345678901234567890\n", 2, ""),
        ("a: !!int x\n", 1, ""),
        ("a: " + "9" * 5000 + "\n", 1, ""),
        ("a: 1\nb: " + "x " * 9_000 + "\n", 2, "17999"),
        ("a: 1\nb: !!python/object:a.b {c: 1}\n", 2, "python"),
        ("a: 1\nb: !!python/tuple [1]\n", 2, "python"),
        ("!!omap\na: 1\n", 1, "omap"),
        ("a: .nan\n", 1, ""),
        ('a: "\\ud800"\n', 1, ""),
        ('a: "x\\0"\n', 1, ""),
        ('"\\ud800": 1', 1, ""),
        ("? [a, b]\n: 1\n", 1, ""),
        ("a: " + "[\n " * 1_500 + "\n", 40, ""),
        ("a: 1\nb: " + "[" * 100_000 + "\n", 2, ""),
        ("{a: " * 30_000 + "\n", 1, ""),
        ("a: " + "x" * (1 << 20) + "\n", 0, ""),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_line(
    tmp_path: Path, data: str | bytes, line: int, named: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, data)
    problem = caught.value.problems[0]
    assert (problem.file, problem.line) == ("some.yaml", line)
    assert problem.what
    assert named in problem.what
    assert caught.value.remedy


def test_a_missing_file_and_a_folder_are_problems(tmp_path: Path) -> None:
    for file in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigurationError) as caught:
            Document(file, file.name)
        assert [(problem.file, problem.line) for problem in caught.value.problems] == [(file.name, 0)]
        assert caught.value.remedy


def test_every_duplicate_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, "a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [(p.line, p.column) for p in caught.value.problems] == [(2, 1), (3, 11)]
    assert caught.value.remedy


def test_content_is_plain_and_remembers_how_numbers_were_written(tmp_path: Path) -> None:
    document = read(tmp_path, "a: {b: [1.10, true, ~, 2026-12-08T06:00:00+01:00, 'x']}\n")
    assert document.content == {"a": {"b": [1.1, True, None, "2026-12-08T06:00:00+01:00", "x"]}}
    assert document.as_written(("a", "b", 0)) == "1.10"
    assert document.problem(Wrong(("a", "b", 4), "")).column == 51
    assert document.problem(Wrong(("a", "b", 9, "z"), "")).column == 5


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_the_bytes_there_is_no_traceback(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        document = read(folder, data)
    except ConfigurationError as error:
        str(error).encode()
    else:
        assert isinstance(document.content, dict)
