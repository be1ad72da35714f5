"""Whose a policy is, and what for, as its labels and annotations say."""

from typing import Final

from nsimlib.audit.patches import written
from nsimlib.model.policy import Policy

__all__ = ["has_word", "owners", "said"]

#: last parts of keys that say whose an object is
OWNERS: Final = ("owner", "team")
#: and of those that say what it is for
PURPOSES: Final = ("description", "purpose")


def said(policy: Policy, field: str) -> dict[str, str]:
    """Return the labels or annotations that the author of a policy wrote."""
    found = written(policy, f"metadata.{field}")
    return dict(found) if isinstance(found, dict) else {}


def owners(policy: Policy) -> tuple[str, ...]:
    """Return whose a policy is."""
    return _values(policy, OWNERS)


def has_word(policy: Policy) -> bool:
    """Whether a policy says an owner or a purpose."""
    return bool(_values(policy, (*OWNERS, *PURPOSES)))


def _values(policy: Policy, keys: tuple[str, ...]) -> tuple[str, ...]:
    labels = (*said(policy, "labels").items(), *said(policy, "annotations").items())
    return tuple(sorted(str(value) for key, value in labels if key.rpartition("/")[2] in keys))
