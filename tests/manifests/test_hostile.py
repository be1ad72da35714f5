"""Texts made to break a reader: each gets an answer, and none takes long."""

import sys
from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

import nsimlib as ns
from nsimlib.errors import ManifestError, NsimError
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


SHIPPED = Path(ns.__file__).parents[1] / "data" / "scenarios"
MANIFESTS = [path.read_text(encoding="utf-8") for path in sorted(SHIPPED.glob("shop/*.yaml"))]
#: what is no value of any field, or of hardly any
JUNK = (
    *("", "null", "~", "[]", "{}", '""', "-1", "0x10", "yes", ".nan", ".inf", "1e400", "9" * 40),
    *("&a x", "*a", "!!binary x", "!a b", "<<", "- a", "{a: b}", "[1, 2]", "|", ">", "? a", "%a"),
    *("10.0.0.0/33", "::/0", "::ffff:1.2.3.4", "fe80::1%eth0", "0.0.0.0/0", "**", "*.*", "65536"),
    *('"\\e[31m"', '"\\u202e"', '"\\0"', "all()", "has(", "!", "TCP", "'", '"', "\t", "\x85", "\r"),
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A manifest that ships with some of its parts, or of its lines, put elsewhere or replaced."""
    text = draw(st.sampled_from(MANIFESTS))
    for _ in range(draw(st.integers(1, 5))):
        sign = draw(st.sampled_from("\n "))
        parts = text.split(sign)
        at, other = (draw(st.integers(0, len(parts) - 1)) for _ in range(2))
        parts[at] = draw(st.sampled_from((*JUNK, parts[other], f" {parts[at]}")))
        text = sign.join(parts)
    return text


def answered(text: str) -> None:
    """Hold that a text is read or refused, and read as far as possible if asked to be."""
    with suppress(NsimError):
        loads(text)
    assert repr(loads(text, strict=False))


@pytest.mark.laws
@given(mutated())
def test_what_is_nearly_a_manifest_gets_an_answer(text: str) -> None:
    answered(text)


@pytest.mark.laws
@given(st.text(st.characters(), max_size=200))
@example("\ud800")
@example("a: \ufeff")
@example("? [")
def test_any_text_gets_an_answer(text: str) -> None:
    answered(text)


@pytest.mark.laws
@given(st.binary(max_size=200))
def test_any_file_gets_an_answer(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "a.yaml"
    path.write_bytes(data)
    with suppress(NsimError):
        load(path)
    assert repr(load(path, strict=False))


def egress(rule: str) -> str:
    return rules([rule])


def rules(each: Iterable[str]) -> str:
    listed = "\n  - ".join(each)
    return f"{POLICY}  policyTypes: [Egress]\n  egress:\n  - {listed}\n"


def blocks(count: int) -> list[str]:
    return [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}/32" for n in range(0, 2 * count, 2)]


#: valid, and larger than anybody writes; what takes the square of it does not end
LARGE = {
    "blocks": egress(f"to: [{', '.join(f'{{ipBlock: {{cidr: {b}}}}}' for b in blocks(20_000))}]"),
    "exceptions": egress(
        f"to: [{{ipBlock: {{cidr: 10.0.0.0/8, except: [{', '.join(blocks(50_000))}]}}}}]"
    ),
    "ports": egress(f"ports: [{', '.join(f'{{port: {n}}}' for n in range(1, 20_001))}]"),
    "rules to a block each": rules(f"to: [{{ipBlock: {{cidr: {b}}}}}]" for b in blocks(5_000)),
    "rules for a port each": rules(f"ports: [{{port: {n}}}]" for n in range(1, 5_001)),
    "rules to a label each": rules(
        f"to: [{{podSelector: {{matchLabels: {{app: a{n}}}}}}}]" for n in range(5_000)
    ),
    "one rule again and again": rules("ports: [{port: 443}]" for _ in range(5_000)),
    "values": f"{POLICY}  podSelector: {{matchExpressions: [{{key: a, operator: In, values: "
    f"[{', '.join(f'v{n}' for n in range(DEEP))}]}}]}}\n",
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_large_policies_are_read_judged_and_audited(text: str) -> None:
    cluster = loads(text)
    assert repr(ns.reachability(cluster))
    assert ns.audit(cluster).summary


OVERSIZED = {
    "a value": f"{POLICY}  podSelector: {{matchLabels: {{app: {'x' * 1_000_000}}}}}\n",
    "a key": f"{POLICY}  {'x' * 1_000_000}: 1\n",
    "a port of 30 digits": egress(f"ports: [{{port: {'9' * 30}}}]"),
    "a port of a million digits": egress(f"ports: [{{port: {'9' * 1_000_000}}}]"),
    "a port of a million digits as text": egress(f'ports: [{{port: "{"9" * 1_000_000}"}}]'),
    "a port beyond all numbers": egress("ports: [{port: 1e999999}]"),
}


@pytest.mark.parametrize("text", OVERSIZED.values(), ids=OVERSIZED)
def test_oversized_values_are_refused_and_are_findings(text: str) -> None:
    with pytest.raises(ManifestError) as caught:
        loads(text)
    assert caught.value.problems
    assert ns.audit(loads(text, strict=False)).summary
