"""What happened in a scene: events in their order, and, apart from them, what a clock measured."""

from dataclasses import dataclass, field
from typing import NamedTuple

from nsimlib.model.shown import Shown
from nsimlib.model.tables import Table

__all__ = ["Event", "Measurement", "Played", "Script"]


class Event(NamedTuple):
    """One thing that was done, what came of it, and why, with facts."""

    what: str
    outcome: str
    because: str = ""
    facts: tuple[str, ...] = ()

    def __str__(self) -> str:
        facts = f" ({', '.join(self.facts)})" if self.facts else ""
        because = f"\n       {self.because}" if self.because else ""
        return f"{self.what}: {self.outcome}{because}{facts}"


class Measurement(NamedTuple):
    """How long something took here; and, where a setting shortened it, how long it truly takes."""

    what: str
    seconds: float
    shortened_by: str = ""
    truly: str = ""


@dataclass(frozen=True, repr=False)
class Played(Shown):
    """A scene as it went. The events are the same each time; the times are the machine's.

    `banner` says so where it went like that elsewhere, and why it is not live here.
    """

    name: str
    title: str
    events: tuple[Event, ...]
    measurements: tuple[Measurement, ...] = ()
    banner: str = ""

    @property
    def measured(self) -> Table:
        """The times; they differ from run to run."""
        where = "elsewhere, where it was recorded" if self.banner else "on this machine"
        rows = ((m.what, round(m.seconds, 4), m.shortened_by, m.truly) for m in self.measurements)
        columns = ("what", "seconds", "shortened by", "truly")
        return Table(f"{self.title}: measured {where}", columns, tuple(rows))

    def to_table(self) -> Table:
        """Return a row for each event."""
        columns = ("what", "outcome", "because", "facts")
        rows = ((*event[:3], ", ".join(event.facts)) for event in self.events)
        return Table(self.title, columns, tuple(rows))

    def __repr__(self) -> str:
        lines = (f"{number:3}  {event}" for number, event in enumerate(self.events, 1))
        banner = (self.banner,) if self.banner else ()
        return "\n".join((*banner, f"{self.title} ({self.name})", *lines))


@dataclass
class Script:
    """A scene while it is played."""

    events: list[Event] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)

    def note(self, what: str, outcome: str, because: str = "", *facts: str) -> None:
        """Take down what happened."""
        self.events.append(Event(what, outcome, because, facts))

    def took(self, what: str, seconds: float, shortened_by: str = "", truly: str = "") -> None:
        """Take down how long something took."""
        self.measurements.append(Measurement(what, seconds, shortened_by, truly))

    def played(self, name: str, title: str) -> Played:
        """Return what was taken down."""
        return Played(name, title, tuple(self.events), tuple(self.measurements))
