"""Pods as a dump holds them by the thousand: looked at quickly, and equal parts kept once.

Replicas agree in most of what they say. What was found good once is good again, and need not be
kept again either.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar

from nsimlib.manifests import shapes
from nsimlib.manifests.apps import container_faults
from nsimlib.manifests.faults import Fault
from nsimlib.manifests.names import name_errors, namespace_errors
from nsimlib.manifests.nodes import Path
from nsimlib.manifests.structs import struct_of
from nsimlib.manifests.validation import label_faults
from nsimlib.model.addresses import parse_address

__all__ = ["PodDecoder"]

Part = TypeVar("Part")
Faults = Callable[[Path, Part], Iterable[Fault]]


class PodDecoder:
    """Decodes lists of pods; it knows the parts of those seen so far by what they say."""

    def __init__(self, shape: type) -> None:
        import msgspec

        header = [("apiVersion", Literal["v1"]), ("kind", Literal["Pod"])]
        pod: Any = msgspec.defstruct(
            "Pod", header, bases=(struct_of(shape),), kw_only=True, gc=False
        )
        self._decoder = msgspec.json.Decoder(list[pod])
        self._said = msgspec.msgpack.Encoder().encode
        self._labels: dict[bytes, shapes.Labels] = {}
        self._containers: dict[bytes, list[shapes.Container]] = {}
        self._owners: dict[bytes, list[shapes.OwnerReference]] = {}
        self._texts: dict[str, str] = {}

    def decode(self, text: bytes | str) -> list[Any] | None:
        """Return the pods of a JSON text, or None if it holds anything else or anything wrong."""
        import msgspec

        try:
            pods = self._decoder.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return pods if all(map(self._is_good, pods)) else None

    def _is_good(self, pod: shapes.Pod) -> bool:
        """Whether surely nothing is wrong with a pod; if so, it shares its parts."""
        meta, spec, status = pod.metadata, pod.spec, pod.status
        addresses = [each.ip for each in status.podIPs] or [status.podIP][: len(status.podIP)]
        addresses += spec.dnsConfig.nameservers
        if not (_has_good_names(meta) and all(map(_is_address, addresses))):
            return False
        labels = self._shared(meta.labels, self._labels, label_faults)
        containers = self._shared(spec.containers, self._containers, container_faults)
        others = self._shared(spec.initContainers, self._containers, container_faults)
        if labels is None or containers is None or others is None:
            return False
        meta.labels, spec.containers, spec.initContainers = labels, containers, others
        owners = meta.ownerReferences
        meta.ownerReferences = self._owners.setdefault(self._said(owners), owners)
        meta.namespace = self._texts.setdefault(meta.namespace, meta.namespace)
        spec.nodeName = self._texts.setdefault(spec.nodeName, spec.nodeName)
        account = spec.serviceAccountName
        spec.serviceAccountName = self._texts.setdefault(account, account)
        return True

    def _shared(self, part: Part, known: dict[bytes, Part], faults: Faults[Part]) -> Part | None:
        """The first part that said the same, or None if something is wrong with it."""
        key = self._said(part)
        if key not in known:
            if any(faults((), part)):
                return None
            known[key] = part
        return known[key]


def _has_good_names(meta: shapes.ObjectMeta) -> bool:
    if not meta.name or name_errors(meta.name):
        return False
    return not (meta.namespace and namespace_errors(meta.namespace))


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except ValueError:
        return False
    return True
