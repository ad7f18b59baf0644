"""A YAML file that people wrote: what cannot be read is said with its line, and never as a traceback."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.engagement.document import Document
from provisioning_assets.errors import ConfigurationError


def read(folder: Path, data: str | bytes) -> Document:
    file = folder / "some.yaml"
    file.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
    return Document(file, "some.yaml")


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "not YAML"),
        ("a: 1\n  b: 2\n", 2, "not YAML"),
        ("a:\n\t- b\n", 2, "not YAML"),
        ("a: 'never closed\n", 2, "not YAML"),
        ("a: 1\n---\na: 2\n", 2, "not YAML"),
        ("a: *nowhere\n", 1, "not YAML"),
        ("a: 1\nb: \x07\n", 2, "not allowed"),
        ("- a\n- b\n", 1, "no mapping"),
        ("", 1, "no mapping"),
        ("just a text\n", 1, "no mapping"),
        (b"a: 1\nb: caf\xe9\n", 2, "not UTF-8"),
        ("a: 1\n".encode("utf-16"), 1, "not UTF-8"),
        ("a: 1\nb: 2\na: 3\n", 3, "the key `a` is here twice; first in line 1"),
        ("a: 1\nb: &here [1]\nc: *here\n", 2, "anchor"),
        ("a: &a [*a, *a]\n", 1, "anchor"),
        ("a: &a 1\nb: &a 2\n", 1, "anchor"),
        ("a: 1\nb: !!python/name:os.system x\n", 2, "the tag"),
        ("a: 1\nb: .inf\n", 2, "too large"),
        ("a: 1\nb: 12345678901234567890\n", 2, "too large"),
        ("a: !!int x\n", 1, "no number"),
        ("a: " + "9" * 5000 + "\n", 1, "number"),
        ('a: "\\ud800"\n', 1, "what is no character"),
        ('a: "x\\0"\n', 1, "what is no character"),
        ('"\\ud800": 1', 1, "a key is not a plain text"),
        ("? [a, b]\n: 1\n", 1, "a key is not a plain text"),
        ("a: " + "[\n " * 1_500 + "\n", 40, "nested too deeply"),
        ("a: 1\nb: " + "[" * 100_000 + "\n", 2, "nested too deeply"),
        ("{a: " * 30_000 + "\n", 1, "nested too deeply"),
        ("a: " + "x" * (1 << 20) + "\n", 0, "too large"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_line(
    tmp_path: Path, data: str | bytes, line: int, said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, data)
    problem = caught.value.problems[0]
    assert said in problem.what
    assert problem.line == line


def test_a_missing_file_and_a_folder_are_problems(tmp_path: Path) -> None:
    for file, said in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "cannot be read")):
        with pytest.raises(ConfigurationError, match=said):
            Document(file, file.name)


def test_every_duplicate_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, "a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [(p.line, p.column) for p in caught.value.problems] == [(2, 1), (3, 11)]


def test_content_is_plain_and_remembers_how_numbers_were_written(tmp_path: Path) -> None:
    document = read(tmp_path, "a: {b: [1.10, true, ~, 2026-12-08T06:00:00+01:00, 'x']}\n")
    assert document.content == {"a": {"b": [1.1, True, None, "2026-12-08T06:00:00+01:00", "x"]}}
    assert document.as_written(("a", "b", 0)) == "1.10"
    assert document.problem(("a", "b", 4), "").column == 51
    assert document.problem(("a", "b", 9, "z"), "").column == 5


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_the_bytes_there_is_no_traceback(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        document = read(folder, data)
    except ConfigurationError as error:
        str(error).encode()
    else:
        assert isinstance(document.content, dict)
