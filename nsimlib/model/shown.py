"""How objects show themselves: the one place where an early stage reaches for a later one.

A verdict typed at a prompt or in a notebook cell must show its reasons, yet the stages that hold
data know nothing of text or HTML. So display methods, and nothing else, look forward to `views`,
and only at the moment something is shown.
"""

from importlib import import_module
from typing import cast

__all__ = ["Shown"]


class Shown:
    """Mixin for objects with a view of their own: as text anywhere, as HTML in a notebook."""

    __slots__ = ()

    def __repr__(self) -> str:
        return cast("str", import_module("nsimlib.views.text").text_of(self))

    def _repr_html_(self) -> str:
        return cast("str", import_module("nsimlib.views.html").html_of(self))
