"""What may be otherwise in a scene, and what values it may have."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from enum import Enum
from math import inf
from typing import Any

from nsimlib.dns.applications import Application
from nsimlib.dns.exchanges import Fate
from nsimlib.dns.parameters import Parameters
from nsimlib.dns.records import Rcode
from nsimlib.dns.resolvconf import Libc
from nsimlib.dns.zone_validation import seconds
from nsimlib.errors import ConnectionSyntaxError, SettingError, UnknownName
from nsimlib.model.connection import parse_port

__all__ = ["OF_AGENT", "OF_APPLICATION", "OF_CONTROLLER", "Data", "checked"]

Data = Mapping[str, Any]

#: which settings belong to whom
OF_SCENE = ("denied", "in_force", "lasts", "node_local", "ttl")
OF_APPLICATION = tuple(field.name for field in fields(Application))
OF_CONTROLLER = ("apply_seconds", "grace", "interval")
OF_AGENT = tuple(field.name for field in fields(Parameters))
SETTINGS = (*OF_SCENE, *OF_APPLICATION, *OF_CONTROLLER, *OF_AGENT)
#: settings that nothing would ever go on with, were they 0, or come to an end, were they endless
POSITIVE = ("every", "interval", "lasts", "scan_interval")
#: where -1 is for ever
ENDLESS = ("jvm_ttl", "jvm_negative_ttl")
LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")


def checked(settings: Data) -> dict[str, Any]:
    """Return settings as scenes are made of them: times in seconds, words as what they mean.

    Raises
    ------
    UnknownName
        If there is no such setting.
    SettingError
        If one cannot have its value.

    Examples
    --------
    >>> checked({"every": "1m", "libc": "musl"})
    {'every': 60.0, 'libc': <Libc.MUSL: 'musl'>}
    """
    for setting in settings:
        if setting not in SETTINGS:
            raise UnknownName("setting", setting, SETTINGS)
    return {name: OTHERS.get(name, _time)(name, value) for name, value in settings.items()}


def _time(name: str, value: object) -> float:
    said = seconds(value) if isinstance(value, str | int) else value
    least = -1 if name in ENDLESS else 0
    is_number = isinstance(said, int | float) and not isinstance(value, bool)
    # A number that is none is not at least anything.
    if not is_number or not said >= least or (name in POSITIVE and said in (0, inf)):  # type: ignore[operator]
        more = "more than 0" if name in POSITIVE else f"{least} or more"
        raise SettingError(name, value, f"a number of seconds, {more}, or a time such as 1m30s")
    return float(said)  # type: ignore[arg-type]


def _count(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise SettingError(name, value, "a whole number, 0 or more")
    return value


def _switch(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise SettingError(name, value, "true or false")
    return value


def _one_of(words: Iterable[Enum]) -> Callable[[str, object], Enum]:
    known = {each.value: each for each in words}

    def chosen(name: str, value: object) -> Enum:
        found = known.get(value.value if isinstance(value, Enum) else value)
        if found is None:
            raise SettingError(name, value, " or ".join(known))
        return found

    return chosen


def _text(_name: str, value: object) -> str:
    return str(value)


def _domain(name: str, value: object) -> str:
    """A domain name as the application writes it: with a dot at its end, perhaps."""
    text = str(value)
    if not all(LABEL.fullmatch(label) for label in text.removesuffix(".").split(".")):
        raise SettingError(name, value, "a domain name")
    return text


def _port(name: str, value: object) -> object:
    try:
        return parse_port(str(value))
    except ConnectionSyntaxError:
        raise SettingError(name, value, "a port such as 5432/TCP") from None


#: settings that are no times
OTHERS: Mapping[str, Callable[[str, object], object]] = {
    "asks": _domain,
    "chain": _switch,
    "denied": _one_of((Fate.DROPPED, Fate.REJECTED)),
    "libc": _one_of(Libc),
    "max_addresses": _count,
    "max_zombies": _count,
    "name": _text,
    "node_local": _switch,
    "pod": _text,
    "pool": _count,
    "port": _port,
    "reject": _one_of(Rcode),
    "scans": _count,
    "writes": _switch,
}
