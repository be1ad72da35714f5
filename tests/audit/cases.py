"""Fixtures of rules: one file for each id, in sections.

::

    # D301: what the file shows                 a heading for people, up to the first section
    ### cluster                                 put before every other section; may be left out
    ### bad cni=calico also=S203                must fire; `also` are other rules of the family
    ### fixed                                   the bad section above with the rule's own patch
    ### good                                    the right way to do it: silent
    ### guard: DNS pods themselves              what looks like it and is not: silent

`cni` is `spec` where it is not given. A rule that gives no patch has no fixed section: then the
bad one says `nofix`. A bad section that says `asks` must raise a question and no finding.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["FIXTURES", "Section", "example_of", "sections"]

FIXTURES = Path(__file__).parent / "fixtures"
#: beside the fixture of H911: one namespace is tested, and others are not
EXPECTED = "kind: Expectations\ndeny: [tested/web -> 169.254.169.254:80/TCP]\n"
HEADING = re.compile(r"^### (\w+)([^:\n]*)(?::([^\n]*))?\n", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """A section of a fixture; `text` has the cluster's manifests before its own."""

    rule: str
    kind: str
    words: tuple[str, ...]
    about: str
    text: str
    #: what a bad section reads with the patch applied
    fixed: str = ""

    @property
    def cni(self) -> str:
        return self.option("cni") or "spec"

    @property
    def also(self) -> set[str]:
        return {f"NSIM-{each}" for each in self.option("also").split(",") if each}

    @property
    def expect(self) -> str | None:
        """The expectations beside it, if its rule asks for some."""
        return EXPECTED if self.rule == "NSIM-H911" else None

    def option(self, name: str) -> str:
        given = dict(word.partition("=")[::2] for word in self.words)
        return given.get(name, "")

    def __str__(self) -> str:
        return "-".join((self.rule.removeprefix("NSIM-"), self.kind, *self.words))


def example_of(rule: str) -> Section:
    """Return the section that shows a rule on its page: the first that is bad."""
    return next(each for each in sections() if each.rule == rule and each.kind == "bad")


@cache
def sections() -> tuple[Section, ...]:
    """Return the sections of all fixtures, the fixed ones with the bad ones before them."""
    return tuple(s for path in sorted(FIXTURES.glob("*.yaml")) for s in _of_file(path))


def _of_file(path: Path) -> list[Section]:
    _, *parts = HEADING.split(path.read_text(encoding="utf-8"))
    rule, common, found = f"NSIM-{path.stem.partition('-')[0]}", "", list[Section]()
    for kind, words, about, text in zip(*(parts[i::4] for i in range(4)), strict=True):
        body = common + text.strip("\n") + "\n"
        if kind == "cluster":
            common = text.strip("\n") + "\n---\n"
        elif kind == "fixed":
            last = found.pop()
            found.append(Section(rule, last.kind, last.words, last.about, last.text, body))
        else:
            assert kind in ("bad", "good", "guard"), f"{path}: {kind}"
            found.append(Section(rule, kind, tuple(words.split()), (about or "").strip(), body))
    return found
