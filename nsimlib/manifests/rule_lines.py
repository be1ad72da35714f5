"""Where the rules of a policy stand in its JSON, without reading all of it with lines.

In valid JSON a quote inside a text has a backslash before it, so `"egress": [` is never text.
"""

import re
from typing import TYPE_CHECKING, Final

from nsimlib.manifests.kinds import Placed

if TYPE_CHECKING:
    import msgspec

__all__ = ["rule_lines", "says_each_key_once"]

SIDES: Final = ("ingress", "egress", "ingressDeny", "egressDeny")
OPENING: Final = {side: re.compile(rb'"%s"\s*:\s*\[' % side.encode()) for side in SIDES}
KEY = re.compile(rb'"\s*:')


def rule_lines(text: bytes, first: int) -> Placed | None:
    """Return the line of every rule by its path; None where a simple look does not find them.

    `first` is the line in which the text begins.
    """
    import msgspec

    parts = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    if "specs" in parts:
        return None
    spec = parts.get("spec")
    sides = msgspec.json.decode(spec, type=dict[str, msgspec.Raw]) if spec else {}
    lines: Placed = {}
    for side in SIDES:
        if side not in sides:
            continue
        openings = [match.end() for match in OPENING[side].finditer(text)]
        if len(openings) != 1:
            return None
        rules = msgspec.json.decode(sides[side], type=list[msgspec.Raw])
        for number, line in enumerate(_lines(text, rules, openings[0])):
            lines["spec", side, number] = first + line
    return lines


def _lines(text: bytes, rules: "list[msgspec.Raw]", place: int) -> list[int]:
    """The line breaks before each rule; between two of them are only blanks and a comma."""
    found: list[int] = []
    for rule in rules:
        view = memoryview(rule)
        place = text.index(view[:1], place)
        found.append(text.count(b"\n", 0, place))
        place += len(view)
    return found


def says_each_key_once(text: bytes) -> bool:
    """Return whether surely no mapping in a JSON text has the same key twice.

    What was read holds each key once, so written again it has fewer colons than the text. An
    escape that may be written otherwise counts as doubt.
    """
    import msgspec

    again = msgspec.json.encode(msgspec.json.decode(text))
    return b"\\u" not in text and len(KEY.findall(text)) == len(KEY.findall(again))
