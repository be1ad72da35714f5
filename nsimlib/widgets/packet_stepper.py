"""Step a packet through the rules of its nodes, line by line, to the one that decides."""

import ipywidgets

from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.walk import Walk
from nsimlib.errors import NsimError
from nsimlib.views.html import error_html
from nsimlib.views.stepping import step_html, step_text

__all__ = ["PacketStepper"]

LABELS = {"description_width": "6.5em"}
BUTTONS = {
    "first": "the first line that the packet comes to",
    "previous": "one line back",
    "next": "the next line that the packet comes to",
    "deciding": "the line that decides",
}


class PacketStepper(ipywidgets.VBox):
    """Shows one step of a walk at a time; `step.value` counts from 1.

    `walk` is the whole of it, None for a connection that cannot be asked about.

    Parameters
    ----------
    rules
        What an enforcer has written, from `datapath`.
    connection
        The connection to begin with; others are typed.
    """

    def __init__(self, rules: Datapath, connection: str) -> None:
        self.rules = rules
        self.walk: Walk | None = None
        self.connection = ipywidgets.Text(
            value=connection,
            description="connection",
            continuous_update=False,
            style=LABELS,
            layout=ipywidgets.Layout(width="min(52em, 98%)"),
        )
        self.step = ipywidgets.IntSlider(1, min=1, max=1, description="step", style=LABELS)
        self.buttons = {name: _button(name, tip) for name, tip in BUTTONS.items()}
        self.view = ipywidgets.HTML()
        for button in self.buttons.values():
            button.on_click(self.press)
        self.step.observe(self.redraw, names="value")
        self.connection.observe(self.ask, names="value")
        wrapped = ipywidgets.Layout(flex_flow="row wrap")
        row = ipywidgets.HBox([self.step, *self.buttons.values()], layout=wrapped)
        super().__init__([self.connection, row, self.view])
        self.ask()

    def ask(self, _change: object = None) -> None:
        """Walk the connection that is typed, and go to its first step."""
        try:
            self.walk, self.wrong = self.rules.walk(self.connection.value), ""
        except NsimError as error:
            self.walk, self.wrong = None, error_html(error)
        self.step.max = len(self.walk.steps) or 1 if self.walk else 1
        self.step.value = 1
        self.redraw()

    def press(self, button: ipywidgets.Button) -> None:
        """Go to the step that a button names; there is none before the first or after the last."""
        now, last = self.step.value, self.step.max
        places = {"first": 1, "previous": max(1, now - 1), "next": min(last, now + 1)}
        self.step.value = places.get(button.description, last)

    def redraw(self, _change: object = None) -> None:
        """Show the step; what is wrong with the connection is shown too."""
        self.view.value = step_html(self.walk, self.step.value) if self.walk else self.wrong

    def __repr__(self) -> str:
        told = step_text(self.walk, self.step.value) if self.walk else "cannot be asked"
        return f"PacketStepper: {self.connection.value}, {told}"


def _button(name: str, tip: str) -> ipywidgets.Button:
    return ipywidgets.Button(description=name, tooltip=tip, layout=ipywidgets.Layout(width="auto"))
