"""Bets and exercises as they stand in their files, and variants for each learner."""

from functools import lru_cache
from hashlib import sha256
from string import Template
from typing import Any, cast

from nsimlib.errors import UnknownName
from nsimlib.manifests.shipped import read_shipped, shipped_names

__all__ = ["Entry", "entries", "entry", "variant"]

Entry = dict[str, Any]


@lru_cache
def entries(kind: str) -> dict[str, Entry]:
    """Return the entries of every file in a folder of `data/`, by their ids."""
    found = (
        cast("Entry", each)
        for slug in shipped_names("data", kind)
        for each in cast("list[object]", read_shipped("data", kind, f"{slug}.yaml"))
    )
    return {each["id"]: each for each in found}


def entry(kind: str, name: str) -> Entry:
    """Return one entry, or raise `UnknownName` with the nearest ids there are."""
    found = entries(kind)
    if name not in found:
        raise UnknownName(kind.removesuffix("s"), name, found)
    return found[name]


def variant(given: Entry, seed: int) -> Entry:
    """Return an entry with the words of one of its variants in the place of `${word}`.

    Seed 0 takes the first variant; any other seed takes one that looks random and stays the same.

    >>> variant({"id": "a/1", "question": "Open ${port}.", "variants": [{"port": "5432/TCP"}]}, 7)
    {'id': 'a/1', 'question': 'Open 5432/TCP.'}
    """
    plain = {key: value for key, value in given.items() if key != "variants"}
    variants = given.get("variants")
    if not variants:
        return plain
    digest = sha256(f"{seed}:{given['id']}".encode()).digest()
    words = variants[int.from_bytes(digest[:4], "big") % len(variants) if seed else 0]
    return cast("Entry", _filled(plain, words))


def _filled(value: object, words: dict[str, object]) -> object:
    if isinstance(value, str):
        return Template(value).substitute(words)
    if isinstance(value, dict):
        return {_filled(key, words): _filled(each, words) for key, each in value.items()}
    return [_filled(each, words) for each in value] if isinstance(value, list) else value
