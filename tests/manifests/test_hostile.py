"""Texts made to break a reader: each gets an answer, and none takes long."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from nsimlib.errors import ManifestError
from nsimlib.manifests import load, loads, yaml_text
from nsimlib.manifests.nodes import MAX_DEPTH
from tests.manifests.snippets import POLICY

DEEP = 100_000
NAMES = "abcdefghijklm"


def laughs(opening: str, last: str) -> str:
    """A billion laughs: each line names the one above nine times."""
    lines = [f"a: &a {last}"]
    for above, name in pairwise(NAMES):
        lines.append(f"{name}: &{name} " + opening.format(", ".join([f"*{above}"] * 9)))
    return "\n".join(lines)


HOSTILE = {
    "aliases": (laughs("[{}]", "[x, x]"), "6:20: document contains excessive aliasing"),
    "merges": (laughs("{{<<: [{}]}}", "{k: v}"), "6:37: document contains excessive aliasing"),
    "brackets": ("[" * DEEP, f"1:{MAX_DEPTH + 2}: nested deeper than {MAX_DEPTH} levels"),
    "dashes": ("- " * DEEP, f"1:{2 * MAX_DEPTH + 1}: nested deeper than {MAX_DEPTH} levels"),
    "indents": (
        "\n".join(" " * i + "a:" for i in range(1000)),
        f"{MAX_DEPTH + 1}:{MAX_DEPTH + 1}: nested deeper than {MAX_DEPTH} levels",
    ),
    "braces in a manifest": (
        f"{POLICY}  egress: " + "{a: " * DEEP,
        f"5:{11 + 4 * (MAX_DEPTH - 2)}: nested deeper than {MAX_DEPTH} levels",
    ),
    "JSON": ('{"a":' * DEEP, f"1:{5 * (MAX_DEPTH + 1) + 1}: nested deeper than {MAX_DEPTH} levels"),
    "JSON in a list": (
        '{"kind": "List", "items": [' + "[" * DEEP + "]" * DEEP + "]}",
        f"1:{27 + MAX_DEPTH}: nested deeper than {MAX_DEPTH} levels",
    ),
    "JSON in a policy in a list": (
        '{"kind": "List", "items": [{"apiVersion": "networking.k8s.io/v1", '
        '"kind": "NetworkPolicy", "spec": ' + "[" * 300 + "]" * 300 + "}]}",
        f"1:{100 + MAX_DEPTH}: nested deeper than {MAX_DEPTH} levels",
    ),
    "questions": ("? " * DEEP, "1:3: a key must be text"),
    "a long line": ("a: " + "x" * 1_000_000, "1:1: Object 'Kind' is missing"),
    "an open quote": (
        'a: "' + "x" * 1_000_000,
        "1:4: while scanning a quoted scalar, found unexpected end of stream",
    ),
    "an open quote over many lines": (
        "a: 'x\n" + "\n" * DEEP,
        "1:4: while scanning a quoted scalar, found unexpected end of stream",
    ),
    "tabs": (
        "\t" * DEEP,
        "1:1: found character that cannot start any token. "
        "YAML is indented with spaces, never with tabs.",
    ),
    "colons": ("a: " * DEEP, "1:5: mapping values are not allowed in this context"),
    "NUL": ("a: b\x00", "1:5: control characters are not allowed: '\\x00'"),
    "digits": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: " + "9" * DEEP + "}\n",
        f"3:18: metadata.name: Invalid value: {'9' * 120}...: cannot unmarshal number into string. "
        f'Quote it: "{"9" * 120}...".',
    ),
    "itself": ("a: &a [*a]", "1:8: anchor 'a' value contains itself"),
    "half a character": (
        '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "\\ud800"}}',
        '1:64: metadata.name: Invalid value: "\N{REPLACEMENT CHARACTER}": '
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
        "and must start and end with an alphanumeric character (e.g. 'my-name', or '123-abc')",
    ),
}


@pytest.mark.parametrize(("text", "said"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_get_an_answer(text: str, said: str) -> None:
    with pytest.raises(ManifestError) as caught:
        loads(text, "a")
    assert str(caught.value.problems[0]).removeprefix("a:") == said


@pytest.mark.parametrize(("text", "said"), HOSTILE.values(), ids=HOSTILE)
def test_without_libyaml_too(text: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "Loader", yaml.SafeLoader)
    with pytest.raises(ManifestError) as caught:
        loads(text, "a")
    place = said.split(": ")[0]
    assert str(caught.value.problems[0]).removeprefix("a:").split(": ")[0] == place


@pytest.mark.parametrize("text", ["---\n" * 10_000, "# x\n" * DEEP, " " * DEEP, "\r" * DEEP])
def test_much_of_nothing_is_nothing(text: str) -> None:
    assert loads(text).report.objects == ()


def test_broken_documents_are_given_up_some_day() -> None:
    report = loads("---\n{\n" * 10_000, strict=False).report
    assert len(report.problems) == yaml_text.MAX_BROKEN + 1
    assert report.problems[-1].detail == "not read any further"


def test_aliases_within_reason_are_fine() -> None:
    labels = ", ".join(f"l{i}: x" for i in range(50))
    pods = "".join(
        f"- {{apiVersion: v1, kind: Pod, metadata: {{name: pod-{i}, labels: *labels}}}}\n"
        for i in range(500)
    )
    text = f"apiVersion: v1\nkind: List\nmetadata: {{labels: &labels {{{labels}}}}}\nitems:\n{pods}"
    assert len(loads(text).pods) == 500


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x7fELF\x02\x01\x01\x00\x00", "1:1: control characters are not allowed: '\\x7f'"),
        (
            b"\x89PNG\r\n\x1a\n",
            "1:1: not text: byte 0 (0x89) is not UTF-8. Save the file as UTF-8.",
        ),
        (b"a: b\nc: \xe4\n", "2:4: not text: byte 8 (0xe4) is not UTF-8. Save the file as UTF-8."),
        (b"\xff\xfea", "1:3: not text: byte 2 (0x61) is not UTF-8. Save the file as UTF-8."),
        (b'{"a": "\xff"}', "1:8: not text: byte 7 (0xff) is not UTF-8. Save the file as UTF-8."),
    ],
)
def test_binary_files(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(data)
    with pytest.raises(ManifestError) as caught:
        load(path)
    assert [str(problem) for problem in caught.value.problems] == [f"{path}:{said}"]


def test_half_characters_in_a_dump(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    head = b'{"kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod", "metadata": '
    path.write_bytes(head + b'{"name": "\xff"}}]}')
    with pytest.raises(ManifestError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert (problem.line, problem.path) == (1, "metadata.name")


def test_depth_within_reason_needs_no_deep_stack() -> None:
    depth = MAX_DEPTH - 10
    limit = sys.getrecursionlimit()
    deep = "{a: " * depth + "1" + "}" * depth
    text = f"apiVersion: v1\nkind: ConfigMap\ndata: {deep}\n"
    assert loads(text).report.unmodelled == (("ConfigMap", 1),)
    assert sys.getrecursionlimit() == limit
