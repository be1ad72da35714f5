"""A question with a few answers to choose from; whoever shows it is told the choice."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets

from nsimlib.views.styles import box, prose
from nsimlib.widgets.arrow_keys import ArrowKeys

__all__ = ["ChoiceCard"]


class ChoiceCard(ipywidgets.VBox):
    """Radio buttons under a question; `choices.value` is None until one is chosen.

    Parameters
    ----------
    question
        What is asked, as HTML.
    label
        What the row of choices is called.
    choices
        The answers to choose from.
    keep
        Called with each choice; what it returns is shown under them.
    text
        The question and its choices as text.
    """

    def __init__(
        self,
        question: str,
        label: str,
        choices: Sequence[str],
        keep: Callable[[str], str],
        text: str,
    ) -> None:
        self.question = ipywidgets.HTML(question)
        self.choices = ipywidgets.RadioButtons(
            options=list(choices),
            value=None,
            description=label,
            style={"description_width": "initial"},
            layout=ipywidgets.Layout(width="max-content"),
        )
        self.view = ipywidgets.HTML()
        self.keep, self.text = keep, text
        self.choices.observe(self.redraw, names="value")
        super().__init__([self.question, self.choices, self.view, ArrowKeys()])

    def choose(self, choice: str | None) -> None:
        """Choose as a click would; None leaves all open."""
        self.choices.value = choice

    def redraw(self, _change: object = None) -> None:
        """Hand the choice on and show what is said to it."""
        self.view.value = box(prose(self.keep(self.choices.value)))

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The card for a page with a kernel, and the question with its choices for one without."""
        choices = " or ".join(f"<b>{escape(each)}</b>" for each in self.choices.options)
        shown = box(f"{self.question.value}<p>{choices}?</p>")
        data: dict[str, Any] = super()._repr_mimebundle_(**options)
        return {**data, "text/plain": repr(self), "text/html": shown}
