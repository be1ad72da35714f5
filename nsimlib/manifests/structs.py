"""The shapes as msgspec knows them, which is half again as fast as with dataclasses.

A closed shape refuses what it does not declare, so that whatever decodes is what the slower,
located decoder would have made of it. msgspec is imported when the first dump is read.
"""

from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    import msgspec

__all__ = ["as_data", "struct_of"]


@cache
def struct_of(shape: type, closed: bool = False) -> "type[msgspec.Struct]":
    """Return the struct with the fields of a shape; if `closed`, with no others."""
    import msgspec

    hints = get_type_hints(shape)
    known = [
        (each.name, _type(hints[each.name], closed), _default(each, closed))
        for each in fields(shape)
    ]
    ignored = getattr(shape, "ignored", {}) if closed else {}
    return msgspec.defstruct(
        shape.__name__,
        [*known, *((name, kind, None) for name, kind in ignored.items())],
        namespace={"shape": shape},
        rename={name: name.rstrip("_") for name, _, _ in known},
        forbid_unknown_fields=closed,
        # Without cycles there is nothing for the collector to look at.
        gc=False,
    )


def _type(hint: Any, closed: bool) -> Any:
    if isinstance(hint, type) and is_dataclass(hint):
        return struct_of(hint, closed)
    arguments = [_type(each, closed) for each in get_args(hint)]
    match get_origin(hint):
        case None:
            return hint
        case origin if origin is UnionType:
            return reduce(or_, arguments)
        case origin:
            return origin[*arguments]


def _default(field: "Field[Any]", closed: bool) -> Any:
    import msgspec

    factory: Any = field.default_factory
    if factory is MISSING:
        return field.default
    is_shape = isinstance(factory, type) and is_dataclass(factory)
    return msgspec.field(default_factory=struct_of(factory, closed) if is_shape else factory)


def as_data(value: Any) -> Any:
    """Return a shape, whether dataclass or struct, as dicts that can be compared."""
    shape = value if is_dataclass(value) else getattr(value, "shape", None)
    if shape is not None:
        return {each.name: as_data(getattr(value, each.name)) for each in fields(shape)}
    return list(map(as_data, value)) if isinstance(value, list) else value
