"""The catalogue of sentences that lessons and widgets say: one file for each language."""

import os
from functools import lru_cache
from typing import cast

from nsimlib.errors import UnknownName
from nsimlib.manifests.shipped import read_shipped, shipped_names

__all__ = ["LANGUAGE", "say"]

#: the environment variable that chooses a language, such as `de`
LANGUAGE = "NSIM_LANGUAGE"
SPOKEN_EVERYWHERE = "en"


def say(key: str, **fields: object) -> str:
    """Return the sentence of that key in the reader's language, else in English.

    Raises
    ------
    UnknownName
        If the catalogue has no such key, or there is no catalogue for `$NSIM_LANGUAGE`.

    Examples
    --------
    >>> say("exercise.passed", wanted=8)
    'all 8 connections end as wanted'
    """
    sentences = _sentences(os.environ.get(LANGUAGE) or SPOKEN_EVERYWHERE)
    if key not in sentences:
        raise UnknownName("sentence", key, sentences)
    return sentences[key].format(**fields)


@lru_cache
def _sentences(language: str) -> dict[str, str]:
    known = shipped_names("data", "strings")
    if language not in known:
        raise UnknownName(f"catalogue for ${LANGUAGE}", language, known)
    english, chosen = (
        cast("dict[str, str]", read_shipped("data", "strings", f"{each}.yaml"))
        for each in (SPOKEN_EVERYWHERE, language)
    )
    return {**english, **chosen}
