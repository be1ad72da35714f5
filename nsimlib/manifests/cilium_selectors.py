"""Cilium's selectors of endpoints → pods by the labels of their namespace and their own.

To Cilium, where a pod is and who runs it are labels of the pod, and a key may say what wrote it. A
worked example, in a policy of namespace shop::

    matchLabels: {k8s:io.kubernetes.pod.namespace: data, any:app: db}

means pods with `app=db` in the namespace called data. Without a key about the namespace it would
mean pods of shop (F3.7).
"""

import json
from typing import Final, NamedTuple

from nsimlib.manifests.shapes import LabelSelector as Written
from nsimlib.manifests.structs import as_data
from nsimlib.model.objects import NAME_LABEL
from nsimlib.model.peers import AllOf, Entity, EntityPeer, Peer, PodPeer, UnknownPeer
from nsimlib.model.selectors import EVERYTHING, LabelSelector, Operator, Requirement

__all__ = [
    "CLUSTER_KEY",
    "ENTITIES",
    "NAMESPACE_KEY",
    "NAMESPACE_LABELS",
    "OWN_KEY",
    "RESERVED",
    "endpoint_peer",
    "entity_peer",
    "plain_key",
    "plain_selector",
    "subject_peer",
]

NAMESPACE_KEY: Final = "io.kubernetes.pod.namespace"
OWN_KEY: Final = f"k8s:{NAMESPACE_KEY}"
#: what stands before the labels of a pod's namespace
NAMESPACE_LABELS: Final = "io.cilium.k8s.namespace.labels."
CLUSTER_KEY: Final = "io.cilium.k8s.policy.cluster"
RESERVED: Final = "reserved:"
#: sources that a pod's labels have; with any other before it, a key is one that no pod has
SOURCES: Final = ("k8s:", "any:")

#: entities of which nothing in a cluster's objects tells who belongs to them (F3.8)
HIDDEN: Final = {
    "ingress": "it is the proxy for Ingress",
    "init": "it is an endpoint that has no labels yet",
    "health": "it is a health endpoint of Cilium",
    "unmanaged": "it is an endpoint that Cilium does not manage",
    "cluster-mesh": "it is in the mesh of clusters",
}
#: those that even pods of the cluster may belong to
WHOLLY_HIDDEN: Final = ("unmanaged", "cluster-mesh")
ENTITIES: Final = (*(entity.value for entity in Entity), *HIDDEN)


class Asked(NamedTuple):
    """What a selector asks for, by whose labels they are; `beyond` are no labels of a pod."""

    namespaces: tuple[Requirement, ...]
    pods: tuple[Requirement, ...]
    beyond: tuple[Requirement, ...]


def plain_key(key: str) -> str:
    """Return a key without its source, where that says nothing.

    >>> plain_key("k8s:app"), plain_key("any:app"), plain_key("container:app")
    ('app', 'app', 'container:app')
    """
    source = next((source for source in SOURCES if key.startswith(source)), "")
    return key.removeprefix(source)


def plain_selector(written: Written) -> LabelSelector:
    """Return a selector with plain keys: `matchLabels` by key, then `matchExpressions`."""
    exact = sorted((plain_key(key), value) for key, value in written.matchLabels.items())
    more = (
        Requirement(plain_key(each.key), Operator(each.operator), tuple(each.values))
        for each in written.matchExpressions
    )
    return LabelSelector((*(Requirement(k, Operator.IN, (v,)) for k, v in exact), *more))


def _asked(written: Written) -> Asked:
    found = Asked((), (), ())
    for each in plain_selector(written).requirements:
        key, operator, values = each.key, each.operator, each.values
        if key == NAMESPACE_KEY:
            of_name = Requirement(NAME_LABEL, operator, values)
            found = found._replace(namespaces=(*found.namespaces, of_name))
        elif key.startswith(NAMESPACE_LABELS):
            of_label = Requirement(key.removeprefix(NAMESPACE_LABELS), operator, values)
            found = found._replace(namespaces=(*found.namespaces, of_label))
        elif key == CLUSTER_KEY or key.startswith(RESERVED):
            found = found._replace(beyond=(*found.beyond, each))
        else:
            found = found._replace(pods=(*found.pods, each))
    return found


def subject_peer(written: Written, namespace: str | None) -> PodPeer:
    """Return whom a policy of a namespace, or of none, is for: always pods of its namespace.

    Cilium puts its own namespace in the place of any that is written with `k8s:`. What it asks
    besides can be asked of pods only: no pod has a reserved label, and the name of the cluster is
    taken to be the right one.
    """
    if namespace is not None:
        kept = {key: value for key, value in written.matchLabels.items() if key != OWN_KEY}
        written = Written(kept, written.matchExpressions)
    asked = _asked(written)
    reserved = tuple(each for each in asked.beyond if each.key != CLUSTER_KEY)
    namespaces, pods = asked.namespaces, LabelSelector((*asked.pods, *reserved))
    if namespace is None:
        return PodPeer(LabelSelector(namespaces), pods)
    others = [each for each in namespaces if not _is_own(each, namespace)]
    if not others:
        return PodPeer(None, pods)
    own = Requirement(NAME_LABEL, Operator.IN, (namespace,))
    return PodPeer(LabelSelector((own, *others)), pods)


def _is_own(asked: Requirement, namespace: str) -> bool:
    return asked == Requirement(NAME_LABEL, Operator.IN, (namespace,))


def endpoint_peer(written: Written, namespace: str | None, path: str) -> Peer:
    """Return whom an entry of `toEndpoints` or `fromEndpoints` means (F3.6, F3.7)."""
    asked = _asked(written)
    if entity := _entity(asked):
        return entity_peer(entity, path)
    text = (json.dumps(as_data(written)),)
    if any(each.key.startswith(RESERVED) for each in asked.beyond):
        what = f"Cilium's own labels of it match {LabelSelector(asked.beyond)}"
        return UnknownPeer(what, path, ("F3.14",), text)
    namespaces = LabelSelector(asked.namespaces) if asked.namespaces else None
    if namespace is None:
        namespaces = namespaces or EVERYTHING
    pods = PodPeer(namespaces, LabelSelector(asked.pods), path)
    if not asked.beyond:
        return pods
    what = f"its cluster is one with {LabelSelector(asked.beyond)}"
    return AllOf((pods, UnknownPeer(what, path, ("F3.14",), text)), path)


def _entity(asked: Asked) -> str:
    """The entity that a selector of nothing but one reserved label means."""
    match asked:
        case ((), (), (Requirement(key, Operator.IN, ("",)) | Requirement(key, Operator.EXISTS),)):
            name = key.removeprefix(RESERVED)
            return name if key.startswith(RESERVED) and name in ENTITIES else ""
        case _:
            return ""


def entity_peer(name: str, path: str) -> Peer:
    """Return whom an entity means; where nothing tells that, it is open (F3.8).

    Pods and nodes of the cluster are surely not the proxy for Ingress or a health endpoint.
    """
    if name not in HIDDEN:
        return EntityPeer(Entity(name), path)
    unknown = UnknownPeer(HIDDEN[name], path, ("F3.8",), (name,))
    if name in WHOLLY_HIDDEN:
        return unknown
    return AllOf((EntityPeer(Entity.WORLD, path), unknown), path)
