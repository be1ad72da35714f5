"""Everything that is refused: the place, the API server's words, and what to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from nsimlib.errors import ManifestError
from nsimlib.manifests import loads
from tests.manifests.snippets import POLICY, in_rule, in_spec

ROWS: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("rejects.yaml").read_text("utf-8")
)


def _text(row: dict[str, Any]) -> str:
    match row:
        case {"rule": str(text)}:
            return in_rule(text)
        case {"spec": str(text)}:
            return in_spec(text)
    return str(row["text"])


@pytest.mark.parametrize("row", ROWS, ids=_text)
def test_the_problem_is_told_with_its_place(row: dict[str, Any]) -> None:
    with pytest.raises(ManifestError) as caught:
        loads(_text(row), "a.yaml")
    said = [str(problem).removeprefix("a.yaml:") for problem in caught.value.problems]
    assert said == row["says"]


@pytest.mark.parametrize("row", ROWS, ids=_text)
def test_a_lenient_reading_tells_the_same(row: dict[str, Any]) -> None:
    problems = loads(_text(row), "a.yaml", strict=False).report.problems
    assert [str(problem).removeprefix("a.yaml:") for problem in problems] == row["says"]


class TestLenientReading:
    GOOD = POLICY.replace("web", "good") + "  policyTypes: [Egress]\n"

    def keys(self, text: str) -> list[str]:
        return [policy.key for policy in loads(text, strict=False).policies]

    @pytest.mark.parametrize(
        "bad",
        [
            # a policy that is read by half would lie
            in_spec("egres: []"),
            in_spec("policyTypes: [Both]"),
            in_rule("to: {}"),
            in_rule("to: [{ipBlock: {cidr: 10.0.0.5}}]"),
            in_spec("podSelector: {}\n  podSelector: {}"),
            # what is no YAML ends at the next document
            "a: [\n",
            "a: 'b\n",
            "metadata:\n\tname: web\n",
            "- a\n",
        ],
    )
    def test_what_is_wrong_goes_and_the_rest_stays(self, bad: str) -> None:
        assert self.keys(f"{bad}---\n{self.GOOD}") == ["shop/good"]

    @pytest.mark.parametrize(
        ("written", "label"), [("1.10", "1.10"), ("yes", "yes"), ("0x1F", "0x1F"), ("~", "")]
    )
    def test_labels_are_the_text_as_written(self, written: str, label: str) -> None:
        text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: web, labels: {{v: {written}}}}}\n"
        (pod,) = loads(text, strict=False).pods
        assert pod.labels == {"v": label}

    def test_a_name_that_the_server_refuses_changes_no_meaning(self) -> None:
        assert self.keys(POLICY.replace("web", "web_1")) == ["shop/web_1"]

    def test_the_report_says_what_was_left_out(self) -> None:
        report = loads(in_spec("egres: []"), "a.yaml", strict=False).report
        assert report.notes == ("a.yaml:1: NetworkPolicy shop/web was left out",)
        assert report.objects == ()
