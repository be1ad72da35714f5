"""How far a controller is behind a name: a sentence for each window, over the lanes of the move."""

from nsimlib.dns.chase import behind
from nsimlib.dns.timeline import Timeline
from nsimlib.views.catalogue import say
from nsimlib.views.styles import box, prose, scrolling
from nsimlib.views.timeline import lanes

__all__ = ["chase_html", "chase_told"]


def chase_told(timeline: Timeline) -> tuple[str, ...]:
    r"""Return for how long a policy is behind, in three sentences.

    >>> from nsimlib.dns.chase import chase
    >>> print(*chase_told(chase(5, 5, grace=30)), sep="\n")
    missing: the new address is denied for 6 s
    stale: the old address is allowed for 31 s after the name has left it
    out: an application is denied the address that it was told for 2 s
    """
    keys = ("chase.missing", "chase.stale", "chase.out")
    found = zip(keys, behind(timeline), strict=True)
    return tuple(say(key, seconds=f"{seconds:g}") for key, seconds in found)


def chase_html(timeline: Timeline) -> str:
    """Return the sentences, and the lanes."""
    told = "".join(f"<li>{prose(line)}</li>" for line in chase_told(timeline))
    drawn = scrolling(lanes(timeline, at=timeline.notes[0].at).svg)
    return box(f'<div role="status"><b>{timeline.title}</b><ul>{told}</ul></div>{drawn}')
