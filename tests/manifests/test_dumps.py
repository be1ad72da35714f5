"""Large dumps: cut into runs, decoded without lines, and yet the same as read with them."""

import json
from pathlib import Path
from typing import Any

import netaddr
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nsimlib.manifests import files, listed, load, loads, reading
from nsimlib.manifests.listed import Lines
from nsimlib.model.addresses import parse_address
from nsimlib.model.cluster import Cluster
from tests.manifests.test_laws import folder  # noqa: F401 - a fixture

POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "podSelector": {},
        "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, {}],
        "ingress": [{"ports": [{"port": 80}]}],
        "policyTypes": ["Ingress", "Egress"],
    },
}
POD_TEXT = """\
- apiVersion: v1
  kind: Pod
  metadata:
    annotations:
      note: {value}
    labels:
      app: {value}
    name: pod-{number}
    namespace: shop
  spec:
    containers:
    - args:
      - {value}
      name: main
      ports:
      - containerPort: 8080
        name: http
  status:
    podIP: 10.0.0.{number}
"""
NASTY = (
    "web", '"yes"', "'no'", "yes", "On", "n", "~", "null", "true", "True", "1", "-1", "007", "0x1f",
    "1_000", "1.10", "1e3", ".5", "+1", ".inf", "nan", "-inf", "12:30", "2026-01-01", "1.2.3.4",
    '"a\\u0041"', "'it''s'", "a b", "a: b", "a #b", "&a web", "*a", "!!str 1", "|\n        yes",
    ">-\n        a\n        b", "[a]", "{}", "[]", "{a: b}", "é", '"\\t"', "\n        yes",
    "web\n        more", "- x", "? x", "%a", "@a", "`a`", '"unclosed', "a\tb", "",
)  # fmt: skip
KEYS = ("app", "yes", "~", "null", "1", "1.5", "0x1", '"on"', "<<", "? a", "é", "&a b", "note")


@pytest.fixture
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of few items, and every file mapped."""
    monkeypatch.setattr(listed, "RUN", 500)
    monkeypatch.setattr(files, "LARGE", 0)


def as_list(*items: Any, indent: int | None = 4) -> str:
    return json.dumps({"apiVersion": "v1", "items": items, "kind": "List"}, indent=indent)


def slowly(text: str, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Read with lines, whatever the text is."""
    with monkeypatch.context() as patch:
        patch.setattr(reading, "read_dump", lambda *_: None)
        patch.setattr(reading, "read_yaml_dump", lambda *_: None)
        return loads(text, strict=False)


def assert_the_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = loads(text, strict=False), slowly(text, monkeypatch)
    assert fast == slow
    assert fast.report == slow.report
    for one, other in zip(fast.policies, slow.policies, strict=True):
        assert one.source == other.source
        assert [rule.line for rule in one.rules] == [rule.line for rule in other.rules]


@pytest.mark.usefixtures("small_runs")
@pytest.mark.parametrize("name", ["slim.json", "fat.json", "slim.yaml", "fat.yaml"])
def test_runs_of_any_size_say_the_same(
    folder: Path,  # noqa: F811
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = folder / name
    fast = load(path)
    slow = slowly(path.read_text("utf-8"), monkeypatch)
    assert fast == slow
    assert [p.source.line for p in fast.policies] == [p.source.line for p in slow.policies]


CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"spec": {"egress": [{"too": []}]}},
    {"spec": {"egress": [{"to": [{}]}]}},
    {"spec": {"egress": None, "ingress": [None]}},
    {"spec": {"policyTypes": ["egress"]}},
    {"spec": {"ingress": [{"ports": [{"port": 80.0, "endPort": 90}]}]}},
    {"metadata": {"name": "web", "annotations": {"note": 'says "egress": [ and "a" : 1 \\u0022:'}}},
    {"metadata": {"name": "web", "managedFields": [{"egress": [1], "ingress": []}]}},
    {"metadata": {"name": "web", "creationTimestamp": None}},
    {"status": {"egress": [{}]}},
)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("indent", [None, 2, 4])
def test_policies(
    change: dict[str, Any], indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = as_list(POLICY | {"metadata": {"name": "a"}}, POLICY | change, indent=indent)
    assert_the_same(text, monkeypatch)


def test_a_key_that_is_there_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    text = as_list(POLICY).replace('"podSelector": {}', '"egress": [], "podSelector": {}')
    assert loads(text, strict=False).report.problems
    assert_the_same(text, monkeypatch)


@pytest.mark.usefixtures("small_runs")
@pytest.mark.parametrize("broken", ['{"a": }', "{", "]", '"items": ['])
def test_broken_items(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{n}"}} for n in range(20)]
    text = as_list(*pods)
    middle = text.index('"p15"')
    assert_the_same(text[:middle] + broken + text[middle:], monkeypatch)


@pytest.mark.usefixtures("small_runs")
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_pod_that_is_there_twice_is_told_with_its_line(form: str) -> None:
    pods: list[Any] = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"p{n % 20}", "labels": {"n": f"v{n}"}},
        }
        for n in range(21)
    ]
    body: Any = {
        "apiVersion": "v1",
        "items": pods,
        "kind": "List",
        "metadata": {"resourceVersion": ""},
    }
    text = json.dumps(body, indent=4)
    if form == "yaml":
        text = yaml.safe_dump(body).replace("resourceVersion: ''", 'resourceVersion: ""')
    (problem,) = loads(text, strict=False).report.problems
    lines = text.split("\n")
    begins = [n for n, line in enumerate(lines, 1) if line in ("        {", "- apiVersion: v1")]
    assert (problem.line, f":{begins[0]}" in problem.detail) == (begins[20], True)


def yaml_dump(*items: str) -> str:
    end = 'kind: List\nmetadata:\n  resourceVersion: ""\n'
    return f"apiVersion: v1\nitems:\n{''.join(items)}{end}"


@pytest.mark.usefixtures("small_runs")
class TestYaml:
    """rapidyaml reads a dump as the reader with lines does, or leaves it to that one."""

    @pytest.mark.parametrize("value", NASTY)
    def test_values(self, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("ryml")
        good = [POD_TEXT.format(value="web", number=n) for n in range(1, 9)]
        assert_the_same(yaml_dump(*good, POD_TEXT.format(value=value, number=9)), monkeypatch)

    @pytest.mark.parametrize("key", KEYS)
    @pytest.mark.parametrize("place", ["note", "app", "args", "podIP"])
    def test_keys(self, key: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("ryml")
        pod = POD_TEXT.format(value="web", number=9).replace(f" {place}:", f" {key}: x\n{place}:")
        indented = pod.replace(f"\n{place}:", "\n      app2:")
        good = [POD_TEXT.format(value="web", number=n) for n in range(1, 9)]
        assert_the_same(yaml_dump(*good, indented), monkeypatch)

    def test_pods_are_left_to_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("ryml")

        def fail(*_: object) -> None:
            raise AssertionError

        monkeypatch.setattr("nsimlib.manifests.yaml_dumps.read_yaml", fail)
        text = yaml_dump(*(POD_TEXT.format(value="web", number=n) for n in range(1, 9)))
        assert len(loads(text).pods) == 8


@given(st.text("0123456789abcdef.:/ -+_٣", max_size=20) | st.ip_addresses().map(str))
def test_addresses_are_what_netaddr_says(text: str) -> None:
    try:
        expected = netaddr.IPAddress(text, flags=netaddr.INET_PTON)
    except (netaddr.AddrFormatError, ValueError):
        with pytest.raises(ValueError, match="not an IP address"):
            parse_address(text)
    else:
        found = parse_address(text)
        assert (found.family.version, found.value) == (expected.version, int(expected))


@given(st.lists(st.integers(0, 30)), st.sampled_from([0, 1 << 30]))
def test_lines_are_counted(places: list[int], long: int) -> None:
    data = b"a\n\nbc\n\n\nd" * 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listed, "LONG", long)
        patch.setattr(listed, "RUN", 7)
        lines = Lines(data)
        for place in places:
            assert lines.at(place) == 1 + data.count(b"\n", 0, place)
