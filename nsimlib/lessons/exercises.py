"""The exercises that ship, by id: each in the variant of the learner who asks."""

from collections.abc import Callable

from nsimlib.lessons.blanks import Blanks
from nsimlib.lessons.entries import Entry, entries, entry, variant
from nsimlib.lessons.exercise import Exercise
from nsimlib.lessons.function_exercise import FunctionExercise
from nsimlib.lessons.policy_exercise import PolicyExercise
from nsimlib.lessons.progress import progress
from nsimlib.lessons.resolver_exercise import ResolverExercise
from nsimlib.lessons.settings_exercise import SettingsExercise

__all__ = ["exercise", "exercises"]

#: a key that entries of a kind have, and those of the kinds after it have not
KINDS: dict[str, Callable[[Entry], Exercise]] = {
    "function": FunctionExercise.of,
    "scenes": SettingsExercise.of,
    "layouts": ResolverExercise.of,
    "wanted": PolicyExercise.of,
    "blanks": Blanks.of,
}


def exercise(name: str) -> Exercise:
    """Return an exercise by its id, the lesson's slug and a number.

    Raises
    ------
    UnknownName
        If there is none of that id.

    Examples
    --------
    >>> first = exercise("isolation-is-a-switch/1")
    >>> first.check(first.beginning)
    not answered yet: change the policy and check again
    """
    return _made(variant(entry("exercises", name), progress().seed))


def exercises(seed: int = 0) -> dict[str, Exercise]:
    """Return all exercises by id, in the variants that a seed gives."""
    return {name: _made(variant(each, seed)) for name, each in entries("exercises").items()}


def _made(found: Entry) -> Exercise:
    return next(make for key, make in KINDS.items() if key in found)(found)
