"""Whole explanations, compared with how they shall read: `explanations.txt`."""

from pathlib import Path

import pytest

from nsimlib.evaluation.engine import why
from nsimlib.lessons.scenarios import scenario
from nsimlib.views.text import verdict_text

PAGE = Path(__file__).with_name("explanations.txt").read_text(encoding="utf-8")


def golden() -> dict[str, str]:
    """The texts by the situations that they explain."""
    _, *blocks = PAGE.rstrip().split("\n\n")
    parted = (block.partition("\n") for block in blocks)
    return {situation.removeprefix("# "): text for situation, _, text in parted}


GOLDEN = golden()


@pytest.mark.parametrize("situation", GOLDEN)
def test_explanations_read_as_they_shall(situation: str) -> None:
    wanted = GOLDEN[situation]
    connection, _, _ = wanted.partition(" is ")

    assert verdict_text(why(scenario("shop"), connection)) == wanted


def test_every_kind_of_line_is_among_them() -> None:
    starts = {line.split()[0] for text in GOLDEN.values() for line in text.splitlines()}
    assert {"+", "-", "?", "Egress:", "Ingress:", "Service", "nearest", "policies"} <= starts
    assert len(GOLDEN) >= 12
