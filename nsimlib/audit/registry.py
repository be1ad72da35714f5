"""What a rule is: one function that looks at a context and yields hits, and what it is called.

The docstring of the function is the text of its page: the first line says when it fires, the rest
why that matters.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import cleandoc
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Need, Severity

__all__ = ["FAMILIES", "Rule", "rule"]

Look = Callable[[Context], Iterator[Hit]]

#: the letter of an id, and what its rules are about
FAMILIES: Final = {
    "V": "what the API server refuses",
    "S": "selectors",
    "D": "DNS",
    "C": "addresses",
    "P": "ports",
    "T": "directions and intent",
    "N": "what one enforcer does",
    "R": "redundancy",
    "H": "coverage and care",
}
ID = re.compile(r"NSIM-([A-Z])\d{3}")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: what it is called, how bad what it finds is, and the function that looks.

    `needs` is what it cannot do without; a rule without them is not asked, and the audit says so.
    `follows` are rules whose findings about the same object or pod explain those of this one.
    `facts` are the numbers that its docstring rests on, `references` what others wrote about it.
    """

    id: str
    slug: str
    severity: Severity
    look: Look
    needs: tuple[Need, ...] = ()
    follows: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """What its family is about."""
        return FAMILIES[self.id[5]]

    @property
    def title(self) -> str:
        """When it fires, in one line."""
        return self._text[0]

    @property
    def why(self) -> str:
        """Why that matters."""
        return self._text[2]

    @property
    def _text(self) -> tuple[str, str, str]:
        return cleandoc(self.look.__doc__ or "").partition("\n\n")


def rule(
    id: str,
    slug: str,
    severity: Severity,
    *,
    needs: tuple[Need, ...] = (),
    follows: tuple[str, ...] = (),
    facts: tuple[str, ...] = (),
    references: tuple[str, ...] = (),
) -> Callable[[Look], Rule]:
    """Make a function the rule of an id; an id is never used for another rule again.

    Raises
    ------
    ValueError
        If the id is not `NSIM-`, the letter of a family and three digits.
    """
    match = ID.fullmatch(id)
    if match is None or match[1] not in FAMILIES:
        raise ValueError(f"not the id of a rule: {id}")

    def named(look: Look) -> Rule:
        return Rule(id, slug, severity, look, needs, follows, facts, references)

    return named
