"""The article's own manifests: what the audit must say of each, may say, and must not say.

The files in `data/audited` hold the manifests, what is expected with a reason, and a version in
which nothing is left to mend.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

import pytest

from nsimlib import audit, loads
from nsimlib.audit.findings import Finding
from nsimlib.audit.model import Severity
from nsimlib.audit.rules import RULES
from nsimlib.audit.run import Audit
from nsimlib.manifests.shipped import read_shipped, shipped_names

Said = str | dict[str, Any]


@dataclass(frozen=True)
class Piece:
    """One piece of the article, read in one way; `beside` are the objects that are there too."""

    name: str
    manifests: str
    fixed: str
    cni: str
    must: dict[str, Said]
    may: dict[str, Said]
    never: dict[str, Said]
    beside: str = ""
    about: str = ""

    def audited(self, text: str) -> Audit:
        everything = f"{text}\n---\n{self.beside}" if self.beside else text
        return audit(loads(everything, strict=False), cni=self.cni)

    def __str__(self) -> str:
        return f"{self.name} {self.about}".strip()


def pieces() -> list[Piece]:
    found = []
    for name in shipped_names("data", "audited"):
        data = cast("dict[str, Any]", read_shipped("data", "audited", f"{name}.yaml"))
        for case in data["cases"]:
            found.append(Piece(name, data["manifests"], data["fixed"], **case))
    return found


PIECES = pieces()
WHOLE = [each for each in PIECES if not each.beside]


def everything(found: Audit) -> list[Finding]:
    return [f for each in found.findings for f in (each, *each.consequences)]


@pytest.mark.parametrize("piece", PIECES, ids=str)
def test_what_must_be_found_is_found(piece: Piece) -> None:
    found = everything(piece.audited(piece.manifests))
    counts = Counter(each.id for each in found)
    for rule, said in piece.must.items():
        wanted = said if isinstance(said, dict) else {}
        assert counts[rule] >= wanted.get("times", 1), f"{rule}: {said}"
        for each in (f for f in found if f.id == rule):
            assert wanted.get("confidence", each.confidence.word) == each.confidence.word
            assert wanted.get("severity", each.own_severity.word) == each.own_severity.word


@pytest.mark.parametrize("piece", PIECES, ids=str)
def test_nothing_is_found_but_what_must_or_may_be(piece: Piece) -> None:
    known = piece.must.keys() | piece.may.keys()
    assert {each.id for each in everything(piece.audited(piece.manifests))} <= known


@pytest.mark.parametrize("piece", WHOLE, ids=str)
def test_the_fixed_version_leaves_nothing_to_say(piece: Piece) -> None:
    found = piece.audited(piece.fixed)
    assert [str(each) for each in found.findings if each.severity > Severity.INFO] == []
    assert not {each.id for each in everything(found)} & piece.must.keys()


@pytest.mark.parametrize("piece", PIECES, ids=str)
def test_expectations_do_not_contradict_each_other(piece: Piece) -> None:
    assert not (piece.must.keys() | piece.may.keys()) & piece.never.keys()
    assert piece.must.keys() <= RULES.keys()
