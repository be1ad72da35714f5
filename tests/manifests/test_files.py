"""A source is a text, or leads to a file; what keeps a file from being read is an error by name."""

from pathlib import Path

import pytest

from nsimlib.errors import ManifestError
from nsimlib.manifests.files import text_or_file


def test_a_source_with_a_line_break_is_the_text_itself() -> None:
    assert text_or_file("kind: Zone\n") == ("kind: Zone\n", "<text>")


def test_any_other_source_is_read_as_a_file(tmp_path: Path) -> None:
    file = tmp_path / "zone.yaml"
    file.write_text("kind: Zone\n", encoding="utf-16")
    assert text_or_file(str(file)) == ("kind: Zone\n", str(file))
    assert text_or_file("by-name", file) == ("kind: Zone\n", "by-name")


@pytest.mark.parametrize(
    ("content", "says"), [(None, "No such file"), (b"kind: \xff\n", "not text: byte 6")]
)
def test_a_file_that_gives_no_text_is_an_error_with_its_name(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = tmp_path / "zone.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ManifestError, match=says) as caught:
        text_or_file(str(file))
    assert str(file) in str(caught.value)
