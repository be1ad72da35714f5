"""Stories for a function that reconciles: what DNS says at each poll, and what is open after it.

What must be open is what `nsimlib.dns.controller.reconcile` opens. A function is judged by the
addresses that it has open, so that what it notes beside each of them is its own affair.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any, NamedTuple

from nsimlib.dns.controller import Reconciled, Target, reconcile
from nsimlib.dns.records import Answer, Rcode, Record, RecordType
from nsimlib.errors import AttemptError
from nsimlib.model.addresses import parse_address
from nsimlib.model.peers import EVERY_POD

__all__ = ["Answers", "Missed", "Poll", "Reconcile", "Story", "first_missed", "stormy"]

#: for each name the addresses of its answer, none if it had none; None if nobody answered
Answers = tuple[tuple[str, ...] | None, ...]
Reconcile = Callable[[dict[str, Any], list[list[str] | None], float], Mapping[str, Any]]
FAILED = "failed"
#: stories tell time in parts of the grace, so that they fit every grace
PARTS = 3


class Poll(NamedTuple):
    """What DNS says to a controller, and when."""

    at: float
    answers: Answers


@dataclass(frozen=True)
class Story:
    """Polls one after another, from nothing; `what` is the property that they show."""

    what: str
    grace: float
    polls: tuple[Poll, ...]

    @classmethod
    def of(cls, what: str, grace: float, polls: Sequence[Sequence[Any]]) -> "Story":
        """Return the story of rows such as `[1, 10.0.0.1 10.0.0.2, failed]`.

        A row has its time in thirds of the grace, then an answer for each name: its addresses,
        nothing, or `failed`.
        """
        told = (Poll(at * grace / PARTS, tuple(map(_answer, answers))) for at, *answers in polls)
        return cls(what, grace, tuple(told))

    @cached_property
    def open(self) -> tuple[frozenset[str], ...]:
        """The addresses that are to be open after each poll."""
        target = Target("", "", EVERY_POD, _names(self.polls[0].answers), (), self.grace)
        current, found = Reconciled(target), []
        for poll in self.polls:
            current = reconcile(current, _heard(poll.answers), poll.at)
            found.append(frozenset(map(str, current.seen)))
        return tuple(found)


@dataclass(frozen=True)
class Missed:
    """Where a function parts from a story: what it had open after each poll, up to that one.

    `stopped` says what it raised at the poll after those, if it did.
    """

    story: Story
    found: tuple[frozenset[str], ...]
    changed_old: bool = False
    stopped: str = ""

    @property
    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """When, what was heard, what was open then, and what should have been if it was not."""
        for poll, found, wanted in zip(self.story.polls, self.found, self.story.open, strict=False):
            heard = " and ".join(map(_told, poll.answers))
            yield f"{poll.at:g}", heard, _listed(found), "" if found == wanted else _listed(wanted)

    @property
    def last(self) -> tuple[str, str]:
        """When and at what it stopped."""
        poll = self.story.polls[len(self.found)]
        return f"{poll.at:g}", " and ".join(map(_told, poll.answers))


def first_missed(function: Reconcile, story: Story) -> Missed | None:
    """Return where a function parts from a story, None where it never does."""
    old: dict[str, Any] = {}
    found = list[frozenset[str]]()
    for poll, wanted in zip(story.polls, story.open, strict=True):
        given = dict(old)
        answers = [None if each is None else list(each) for each in poll.answers]
        try:
            returned = function(given, answers, poll.at)
        except AttemptError as error:
            return Missed(story, tuple(found), stopped=str(error))
        found.append(frozenset(map(str, returned)))
        if found[-1] != wanted:
            return Missed(story, tuple(found))
        if given != old:
            return Missed(story, tuple(found), changed_old=True)
        old = dict(returned)
    return None


def stormy(what: str, grace: float, addresses: Sequence[str], seed: int) -> Story:
    """Return an hour of one name that moves and fails, and is asked at uneven times."""
    random, now, polls = Random(f"{seed} {what}"), 0.0, list[Poll]()
    while now < 3600:
        some = tuple(random.sample(addresses, random.randint(1, 2)))
        polls.append(Poll(now, (random.choice((some, some, some, (), None)),)))
        # Whether an address goes exactly with its grace or after it is left to the function.
        now += round(random.uniform(grace / 9, grace / 2)) + 0.25 / len(polls)
    return Story(what, grace, tuple(polls))


def _answer(written: object) -> tuple[str, ...] | None:
    return None if written == FAILED else tuple(str(written or "").split())


def _names(answers: Answers) -> tuple[str, ...]:
    return tuple(f"name-{number}.example" for number in range(len(answers)))


def _heard(answers: Answers) -> Iterator[Answer]:
    for name, addresses in zip(_names(answers), answers, strict=True):
        if addresses is None:
            yield Answer(name, rcode=Rcode.SERVFAIL)
        else:
            records = (Record(name, RecordType.A, 5, parse_address(each)) for each in addresses)
            yield Answer(name, records=tuple(records))


def _told(addresses: tuple[str, ...] | None) -> str:
    return "no answer" if addresses is None else _listed(addresses)


def _listed(addresses: Sequence[str] | frozenset[str]) -> str:
    return ", ".join(sorted(addresses)) or "nothing"
