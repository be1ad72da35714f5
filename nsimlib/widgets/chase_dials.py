"""Turn a controller's interval and grace, and the TTL; see for how long its policy is behind."""

from collections.abc import Iterable

import ipywidgets

from nsimlib.dns.chase import Behind, behind, chase
from nsimlib.dns.timeline import Timeline
from nsimlib.errors import SettingError
from nsimlib.views.catalogue import say
from nsimlib.views.chase import chase_html
from nsimlib.widgets.arrow_keys import ArrowKeys

__all__ = ["ChaseDials"]

LABELS = {"description_width": "6.5em"}
WIDE = "min(34em, 98%)"
INTERVALS = (1, 5, 15, 30, 60, 120)
TTLS = (5, 15, 30)
GRACES = (0, 30, 60, 120, 300)
JVMS = (0, 30, 60)


class ChaseDials(ipywidgets.VBox):
    """Four dials over the lanes of one move; `timeline` is what is shown, `behind` its windows.

    Parameters
    ----------
    interval, ttl, grace, jvm_ttl
        Where the dials begin, in seconds, as `chase` takes them.
    intervals, ttls, graces, jvm_ttls
        What the dials offer.

    Raises
    ------
    SettingError
        If a dial has not the value at which it is to begin.
    """

    def __init__(
        self,
        interval: float = 60,
        ttl: float = 5,
        *,
        grace: float = 0,
        jvm_ttl: float = 0,
        intervals: Iterable[float] = INTERVALS,
        ttls: Iterable[float] = TTLS,
        graces: Iterable[float] = GRACES,
        jvm_ttls: Iterable[float] = JVMS,
    ) -> None:
        self.interval = _dial(say("chase.interval"), tuple(intervals), interval)
        self.ttl = _dial(say("chase.ttl"), tuple(ttls), ttl)
        self.grace = _dial(say("chase.grace"), tuple(graces), grace)
        self.jvm_ttl = _dial(say("chase.jvm"), tuple(jvm_ttls), jvm_ttl)
        self.when = ipywidgets.RadioButtons(
            options=[(say("chase.worst"), "worst"), (say("chase.best"), "best")],
            description=say("chase.when"),
            style=LABELS,
        )
        self.view = ipywidgets.HTML()
        controls = (self.interval, self.ttl, self.grace, self.jvm_ttl, self.when)
        for control in controls:
            control.observe(self.redraw, names="value")
        super().__init__([*controls, self.view, ArrowKeys()])
        self.redraw()

    @property
    def timeline(self) -> Timeline:
        """What happens with the dials as they are."""
        return chase(
            self.interval.value,
            self.ttl.value,
            grace=self.grace.value,
            jvm_ttl=self.jvm_ttl.value,
            after=self.when.value,
        )

    @property
    def behind(self) -> Behind:
        """For how long policy is behind then."""
        return behind(self.timeline)

    def redraw(self, _change: object = None) -> None:
        """Play the move and draw it."""
        self.view.value = chase_html(self.timeline)

    def __repr__(self) -> str:
        windows = ", ".join(f"{name} {each:g} s" for name, each in self.behind._asdict().items())
        return f"ChaseDials: {self.timeline.title}: {windows}"


def _dial(name: str, values: tuple[float, ...], value: float) -> ipywidgets.SelectionSlider:
    if value not in values:
        offered = ", ".join(f"{each:g}" for each in values)
        raise SettingError(name, value, f"a value of its dial: {offered}")
    return ipywidgets.SelectionSlider(
        options=[(say("chase.seconds", seconds=f"{each:g}"), each) for each in values],
        value=value,
        description=name,
        continuous_update=False,
        style=LABELS,
        layout=ipywidgets.Layout(width=WIDE),
    )
