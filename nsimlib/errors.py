"""Every error that nsimlib raises on purpose.

::

    NsimError
    ├── ManifestError(ValueError)           what the API server would refuse; holds every Problem
    ├── UnknownName(LookupError)            no such pod, scenario, fact, ...; names the nearest
    ├── ConnectionSyntaxError(ValueError)   a connection that cannot be read; marks the place
    ├── SelectorSyntaxError(ValueError)     a Calico selector that cannot be read; the column
    ├── RulesetSyntaxError(ValueError)      text that iptables-save would not print; the line
    ├── SettingError(ValueError)            a setting that cannot have this value; what it can be
    ├── AttemptError(ValueError)            a learner's function that stops; the line
    ├── ProgressError(ValueError)           progress of a learner that cannot be read; the remedy
    ├── RedactionError(ValueError)         what cannot be shown to others with its meaning kept
    ├── LabError(RuntimeError)              the packet lab cannot do it here; the step and a remedy
    ├── UnintendedChange(AssertionError)    a change does something else, or less, than intended
    └── ExpectationsNotMet(AssertionError)  connections end otherwise than they should

A verdict is never an exception.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

__all__ = [
    "AttemptError",
    "ConnectionSyntaxError",
    "ExpectationsNotMet",
    "LabError",
    "ManifestError",
    "NsimError",
    "Problem",
    "ProgressError",
    "RedactionError",
    "RulesetSyntaxError",
    "SelectorSyntaxError",
    "SettingError",
    "UnintendedChange",
    "UnknownName",
    "visible",
]


#: signs that act on a terminal, turn text around, are not seen, or that no XML may hold
ACTING: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)


def visible(text: str) -> str:
    r"""Return a text in which nothing acts on whoever reads it: names are somebody else's.

    Signs that would are written as JSON escapes them, so that JSON stays what it says.

    >>> visible("a\x1b[31mb"), visible("two\nlines")
    ('a\\u001b[31mb', 'two\nlines')
    """
    return ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class NsimError(Exception):
    """Base of all errors raised on purpose."""

    def __str__(self) -> str:
        return visible(super().__str__())

    def _render_traceback_(self) -> list[str]:
        """Show the message alone in a notebook: the traceback is ours, the mistake is not."""
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a manifest: where it is, what is wrong, what to do.

    ``detail`` uses the API server's own wording where the server has one. ``about`` is the object,
    such as ``NetworkPolicy shop/web``, where it is known.
    """

    file: str
    line: int
    column: int
    path: str
    detail: str
    value: str = ""
    remedy: str = ""
    about: str = field(default="", compare=False)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        text = ": ".join(part for part in (place, self.path, self.detail) if part)
        return visible(f"{text}. {self.remedy}" if self.remedy else text)


class ManifestError(NsimError, ValueError):
    """Manifests that cannot be read or that the API server would refuse.

    ``problems`` holds all problems of all files, in the order of the files.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{count} in the manifests\n{lines}")


class UnknownName(NsimError, LookupError):  # noqa: N818 - reads as what happened: "UnknownName: no pod ..."
    """No thing of that name; the message lists the nearest names there are."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name = kind, name
        self.nearest = tuple(get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5))
        hint = f"; did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        super().__init__(f"no {kind} {name!r}{hint}")


class ConnectionSyntaxError(NsimError, ValueError):
    """A connection that does not follow the one-line notation."""

    def __init__(self, text: str, column: int, expected: str) -> None:
        self.text, self.column, self.expected = text, column, expected
        super().__init__(f"expected {expected}\n  {text}\n  {' ' * column}^")


class SelectorSyntaxError(NsimError, ValueError):
    """A text that is no expression of Calico's selector language; `column` counts from 1."""

    def __init__(self, text: str, column: int, expected: str) -> None:
        self.text, self.column, self.expected = text, column, expected
        super().__init__(f"column {column}: expected {expected}")


class RulesetSyntaxError(NsimError, ValueError):
    """A line that neither `iptables-save` nor `ipset save` prints; `number` counts from 1."""

    def __init__(self, line: str, number: int, expected: str) -> None:
        self.line, self.number, self.expected = line, number, expected
        super().__init__(f"line {number}: expected {expected}\n  {line}")


class SettingError(NsimError, ValueError):
    """A setting with a value that it cannot have; `wanted` is what it can be."""

    def __init__(self, setting: str, value: object, wanted: str) -> None:
        self.setting, self.value, self.wanted = setting, value, wanted
        super().__init__(f"{setting} cannot be {value!r}: it must be {wanted}")


class AttemptError(NsimError, ValueError):
    """What a learner handed in as a function and cannot be run; the message is the feedback."""


class ProgressError(NsimError, ValueError):
    """A learner's progress file that is damaged, or of another version of nsimlib."""

    def __init__(self, path: object, problem: str) -> None:
        self.path, self.problem = path, problem
        remedy = "Rename it to keep it; `nsim lessons FOLDER` then starts a new one."
        super().__init__(f"{path} cannot be read: {problem}. {remedy}")


class RedactionError(NsimError, ValueError):
    """Something of a cluster that pseudonyms cannot keep the meaning of."""


class LabError(NsimError, RuntimeError):
    """What the packet lab cannot do on this machine or for this cluster: never a verdict.

    `stage` is the step that failed, `problem` what happened, `remedy` what to try.
    """

    def __init__(self, stage: str, problem: str, remedy: str = "") -> None:
        self.stage, self.problem, self.remedy = stage, problem, remedy
        super().__init__(f"{stage}: {problem}" + (f"\n  {remedy}" if remedy else ""))


class UnintendedChange(NsimError, AssertionError):  # noqa: N818 - reads as what happened
    """A change that does something besides what was intended, or less than that.

    `unmet` says what was intended and did not happen, `collateral` what happened besides.
    """

    def __init__(self, unmet: Iterable[str], collateral: Iterable[str]) -> None:
        self.unmet, self.collateral = tuple(unmet), tuple(collateral)
        parts = (("intended, but", self.unmet), ("not intended:", self.collateral))
        lines = (f"{head}\n" + "\n".join(f"  {x}" for x in found) for head, found in parts if found)
        super().__init__("\n".join(lines))


class ExpectationsNotMet(NsimError, AssertionError):  # noqa: N818 - reads as what happened
    """Connections that do not end as they should, each with its explanation."""

    def __init__(self, failures: Iterable[str]) -> None:
        self.failures = tuple(failures)
        super().__init__("\n\n".join(self.failures))
