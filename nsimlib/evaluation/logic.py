"""Three-valued logic: true, false, and None for what cannot be known from the input."""

from collections.abc import Iterable

__all__ = ["Truth", "all_of", "any_of", "not_"]

Truth = bool | None


def all_of(values: Iterable[Truth]) -> Truth:
    """Return False if any value is False, else None if any is unknown, else True.

    >>> print(all_of([True, None]), all_of([None, False]))
    None False
    """
    seen = set(values)
    return False if False in seen else None if None in seen else True


def any_of(values: Iterable[Truth]) -> Truth:
    """Return True if any value is True, else None if any is unknown, else False.

    >>> print(any_of([False, None]), any_of([None, True]))
    None True
    """
    seen = set(values)
    return True if True in seen else None if None in seen else False


def not_(value: Truth) -> Truth:
    """Return the opposite; what is unknown stays unknown.

    >>> print(not_(None))
    None
    """
    return None if value is None else not value
