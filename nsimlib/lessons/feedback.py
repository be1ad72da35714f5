"""What an attempt at an exercise does, said without the word "wrong"."""

from dataclasses import dataclass

from nsimlib.evaluation.verdict import Verdict
from nsimlib.lessons.misconceptions import Misconception
from nsimlib.views.html import verdict_html
from nsimlib.views.styles import badge, box, prose
from nsimlib.views.text import verdict_text

__all__ = ["Feedback"]


@dataclass(frozen=True, repr=False)
class Feedback:
    """How much of what is wanted is met, and why the first that is missed is not.

    `verdict` shows what the attempt really says, and `misconception` the belief that it shows.
    """

    says: str
    met: int
    wanted: int
    verdict: Verdict | None = None
    more: str = ""
    misconception: Misconception | None = None
    #: whether there was an attempt to judge at all
    is_answered: bool = True

    @property
    def passed(self) -> bool:
        """Whether everything wanted is met."""
        return self.met == self.wanted

    @property
    def lines(self) -> tuple[str, ...]:
        """What is said before the verdict."""
        belief = str(self.misconception) if self.misconception else ""
        return tuple(line for line in (self.says, self.more, belief) if line)

    def __repr__(self) -> str:
        verdict = (verdict_text(self.verdict),) if self.verdict else ()
        return "\n".join((*self.lines, *verdict))

    def _repr_html_(self) -> str:
        says, *more = (prose(line).replace("\n", "<br>") for line in self.lines)
        sign = f"{badge('solved')} " if self.passed else ""
        told = "".join(f"<p>{line}</p>" for line in more)
        why_not = "" if self.verdict is None else verdict_html(self.verdict)
        return box(f'<div role="status">{sign}<b>{says}</b></div>{told}{why_not}')
