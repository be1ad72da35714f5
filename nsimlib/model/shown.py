"""How objects show themselves: the one place where an early stage reaches for a later one.

A verdict typed at a prompt or in a notebook cell must show its reasons, yet the stages that hold
data know nothing of text or HTML. So display methods, and nothing else, look forward to `views`,
and only at the moment something is shown. A stage that most never use has its views apart.
"""

from importlib import import_module
from types import ModuleType

from nsimlib.errors import visible

__all__ = ["Shown"]

#: which module of `views` knows the objects of such a stage, or of a module in it
APART = {
    "audit": "nsimlib.views.findings",
    "datapath": "nsimlib.views.below",
    "evaluation.layers": "nsimlib.views.packet_layers",
    "dns": "nsimlib.views.timeline",
    "dns.lookups": "nsimlib.views.lookup",
    "dns.path": "nsimlib.views.dns_path",
    "packets": "nsimlib.views.packets",
}


class Shown:
    """Mixin for objects with a view of their own: as text anywhere, as HTML in a notebook."""

    __slots__ = ()

    def __repr__(self) -> str:
        return visible(_views("nsimlib.views.text", self).text_of(self))

    def _repr_html_(self) -> str:
        return visible(_views("nsimlib.views.html", self).html_of(self))


def _views(module: str, shown: object) -> ModuleType:
    _, stage, part, *_ = type(shown).__module__.split(".")
    apart = APART.get(f"{stage}.{part}", APART.get(stage))
    if apart:
        import_module(apart)
    return import_module(module)
