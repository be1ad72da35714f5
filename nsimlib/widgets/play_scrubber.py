"""Scrub through a scene: what names have, caches believe, policy allows, and who is connected."""

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

import ipywidgets

from nsimlib.cni.profile import profile_names
from nsimlib.dns.plays import chosen_policies, play, play_data, play_names, scene
from nsimlib.dns.timeline import Moment, Timeline
from nsimlib.errors import NsimError, SettingError
from nsimlib.views.html import error_html, html_of
from nsimlib.views.timeline import lanes
from nsimlib.widgets.arrow_keys import ArrowKeys

__all__ = ["PlayScrubber"]

LABELS = {"description_width": "5em"}
DIAL_LABELS = {"description_width": "8.5em"}
#: how settings say that something never ends
FOR_EVER = (-1, inf)
#: how many places the slider has at most
PLACES = 360


class PlayScrubber(ipywidgets.VBox):
    """A slider over the time of a scene, above its lanes and what is so at that moment.

    `timeline` is what is shown, None for settings that cannot be played; `moment` is the static
    twin of the view.

    Parameters
    ----------
    name
        The scene to begin with, such as `"aurora-failover"`.
    cni, policies
        The enforcer, and which of the scene's policies are in force; by default those meant for it.
    dials
        Settings to turn, by name, each with the values that it can have; a dial begins at the value
        in `settings`, else at its first.
    settings
        What is to be otherwise, as `play` takes it; it holds for every scene that is chosen.

    Raises
    ------
    UnknownName
        If there is no such scene, profile, policies or setting.
    SettingError
        If a setting cannot have its value, or its dial has not.
    """

    def __init__(
        self,
        name: str,
        *,
        cni: str = "calico",
        policies: str = "",
        dials: Mapping[str, Iterable[float]] | None = None,
        **settings: Any,
    ) -> None:
        self.fixed = settings
        self.dials = {
            each: _dial(each, tuple(values), settings) for each, values in (dials or {}).items()
        }
        scene(name, cni=cni, policies=policies, **self.settings)
        self.timeline: Timeline | None = None
        self.scene = _choice("scene", play_names(), name)
        self.cni = _choice("enforcer", profile_names(), cni)
        data = play_data(name)
        self.policies = _choice(
            "policies", tuple(data["policies"]), chosen_policies(data, cni, policies)
        )
        self.time = _time_slider()
        self.view = ipywidgets.HTML()
        self.scene.observe(self.change_scene, names="value")
        self.time.observe(self.redraw, names="value")
        for control in (self.cni, self.policies, *self.dials.values()):
            control.observe(self.play, names="value")
        wrapped = ipywidgets.Layout(flex_flow="row wrap")
        row = ipywidgets.HBox([self.scene, self.cni, self.policies], layout=wrapped)
        turned = ipywidgets.HBox([*self.dials.values()], layout=wrapped)
        super().__init__(
            [row, *([turned] if self.dials else []), self.time, self.view, ArrowKeys()]
        )
        self.play()

    @property
    def settings(self) -> dict[str, Any]:
        """What is otherwise in the scene: what was given, and what the dials say."""
        return {**self.fixed, **{name: dial.value for name, dial in self.dials.items()}}

    @property
    def moment(self) -> Moment | None:
        """What is so at the time of the slider."""
        return self.timeline.at(self.time.value) if self.timeline else None

    def change_scene(self, _change: object = None) -> None:
        """Begin another scene, with the policies that are meant for the enforcer."""
        data = play_data(self.scene.value)
        self.time.value = 0
        self.policies.options = tuple(data["policies"])
        self.policies.value = chosen_policies(data, self.cni.value)
        self.play()

    def play(self, _change: object = None) -> None:
        """Play what is chosen; the time stays where it is, as far as the scene lasts."""
        try:
            self.timeline, self.wrong = self._played(), ""
        except NsimError as error:
            self.timeline, self.wrong = None, error_html(error)
        if self.timeline:
            lasts = self.timeline.lasts
            self.time.max, self.time.step = lasts, max(1.0, lasts / PLACES)
        self.redraw()

    def _played(self) -> Timeline:
        chosen = self.policies.value
        return play(self.scene.value, cni=self.cni.value, policies=chosen, **self.settings)

    def redraw(self, _change: object = None) -> None:
        """Draw the moment; settings that cannot be played are explained."""
        if self.timeline is None:
            self.view.value = self.wrong
            return
        moment = self.timeline.at(self.time.value)
        drawn = lanes(self.timeline, at=self.time.value)
        self.view.value = drawn.svg + html_of(moment.to_table())

    def __repr__(self) -> str:
        about = f"{self.scene.value}, {self.cni.value}, {self.policies.value}"
        if self.timeline is None:
            return f"PlayScrubber: {about}, cannot be played"
        return f"PlayScrubber: {about}, at {self.time.value:g} of {self.timeline.lasts:g} s"


def _time_slider() -> ipywidgets.FloatSlider:
    return ipywidgets.FloatSlider(
        min=0,
        max=1,
        description="seconds",
        readout_format=".1f",
        style=LABELS,
        layout=ipywidgets.Layout(width="min(60em, 98%)"),
    )


def _dial(
    name: str, values: tuple[float, ...], settings: Mapping[str, Any]
) -> ipywidgets.SelectionSlider:
    value = settings.get(name, values[0])
    if value not in values:
        raise SettingError(name, value, f"a value of its dial: {', '.join(map(str, values))}")
    options = [("for ever" if each in FOR_EVER else f"{each:g}", each) for each in values]
    return ipywidgets.SelectionSlider(
        options=options,
        value=value,
        description=name,
        style=DIAL_LABELS,
        layout={"width": "23em"},
    )


def _choice(label: str, options: tuple[str, ...], value: str) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(
        options=options, value=value, description=label, style=LABELS, layout={"width": "22em"}
    )
