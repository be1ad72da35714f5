"""Objects as plain data: what is written, and nothing that the server would fill in."""

from typing import Any

from nsimlib.manifests.nodes import Mapping, Node, Scalar, Sequence
from nsimlib.manifests.scalars import resolve

__all__ = ["plain", "said"]

#: maps that mean the same whether they are empty or left out
MAPS = ("annotations", "labels", "matchLabels")


def plain(node: Node) -> Any:
    """Return a node as dicts, lists and the values that the API server would read."""
    match node:
        case Scalar():
            return resolve(node.text) if node.plain else node.text
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key: plain(value) for key, (_, value) in node.entries.items()}


def said(data: Any) -> Any:
    """Return the data of a shape without what is empty: a shape has every field it may have.

    >>> said({"metadata": {"name": "web"}, "spec": {"podSelector": {}, "egress": []}})
    {'metadata': {'name': 'web'}, 'spec': {'podSelector': {}}}
    """
    if isinstance(data, list):
        return [said(each) for each in data]
    if not isinstance(data, dict):
        return data
    kept = {key.rstrip("_"): said(value) for key, value in data.items()}
    return {key: value for key, value in kept.items() if not _is_left_out(key, value)}


def _is_left_out(key: str, value: Any) -> bool:
    return value is None or value in ("", []) or (value == {} and key in MAPS)
