"""The ipsets of Weave Net: pods by label, namespaces by label, what blocks take out (F4.6).

A name is `weave-` and a hash of what is in the set, written with 85 letters, so that the same
selector has the same set on every node. A worked example: the pods `app=db` of namespace data are
in the set whose name is the hash of `data:app=db`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha1

from nsimlib.datapath.ipsets import Entry, IPSet
from nsimlib.model.addresses import Family, IPBlock, parse_cidr
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod, selects
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Direction
from nsimlib.model.selectors import EVERYTHING, LabelSelector, Selector

__all__ = [
    "default_allow",
    "excepted",
    "namespaces_by_label",
    "pods_by_label",
    "selector_text",
    "set_name",
]

#: the letters of a name, the one for 0 first; none of them means anything to ipset
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789(){}[]+=_$%^!*|/?.;:@#~"
WITH_COMMENTS = "comment"


def set_name(content: str) -> str:
    """Return the name of the set of that content.

    >>> set_name("ingress-default-allow:default")
    'weave-;rGqyMIl1HN^cfDki~Z$3]6!N'
    """
    # How Weave Net names sets; nothing is secured by it.
    digest = sha1(content.encode(), usedforsecurity=False).digest()
    return f"weave-{''.join(_digits(int.from_bytes(digest, 'big')))}"


def _digits(number: int) -> Iterator[str]:
    """The digits of a number to the base 85, the last one first."""
    while number:
        number, digit = divmod(number, len(LETTERS))
        yield LETTERS[digit]


def selector_text(selector: Selector | None) -> str:
    """Return a label selector as Kubernetes prints it, which is what is hashed.

    A requirement `In` with one value cannot be told from `matchLabels`, and is taken for that.

    >>> selector_text(LabelSelector.of(tier="front", app="web"))
    'app=web,tier=front'
    """
    if not isinstance(selector, LabelSelector):
        return ""
    ordered = sorted(selector.requirements, key=lambda each: each.key)
    return ",".join(str(replace(each, values=tuple(sorted(each.values)))) for each in ordered)


def pods_by_label(peer: PodPeer, namespace: str, cluster: Cluster) -> IPSet:
    """Return the addresses of the pods that a peer means in a policy of a namespace."""
    among = cluster.pods
    content = f":{selector_text(peer.namespaces)}{selector_text(peer.pods)}"
    if peer.namespaces is None:
        among, content = cluster.pods_by_namespace.get(namespace, ()), f"{namespace}{content}"
    return _of_pods(content, (pod for pod in among if selects(peer, pod, namespace)))


def namespaces_by_label(peer: PodPeer, cluster: Cluster) -> tuple[IPSet, ...]:
    """Return a set of the sets of whole namespaces, which come first as it names them."""
    chosen = peer.namespaces or EVERYTHING
    names = [name for name, each in cluster.namespaces.items() if chosen.matches(each.labels)]
    whole = [pods_by_label(PodPeer(), name, cluster) for name in sorted(names)]
    entries = (
        Entry(each.name, more=_comment(f"namespace: {name}"))
        for name, each in zip(sorted(names), whole, strict=True)
    )
    name = set_name(f":{selector_text(chosen)}")
    return *whole, IPSet(name, "list:set", None, f"size 1024 {WITH_COMMENTS}", tuple(entries))


def default_allow(
    namespace: str, direction: Direction, cluster: Cluster, isolated: Iterable[Pod]
) -> IPSet:
    """Return the pods of a namespace that no policy isolates in a direction (F4.7)."""
    among = {pod.key for pod in isolated}
    free = (pod for pod in cluster.pods_by_namespace.get(namespace, ()) if pod.key not in among)
    return _of_pods(f"{direction.word}-default-allow:{namespace}", free)


def excepted(block: IPBlock, namespace: str) -> IPSet:
    """Return what a block takes out."""
    written = " ".join(sorted(block.except_))
    note = _comment(f"excepted from {block.cidr}")
    cidrs = dict.fromkeys(_plain(cidr) for cidr in sorted(block.except_))
    entries = tuple(Entry(cidr, more=note) for cidr in cidrs)
    name = set_name(f"{namespace}:ipblock-except:{written}")
    return IPSet(name, "hash:net", Family.IPV4, WITH_COMMENTS, entries)


def _of_pods(content: str, pods: Iterable[Pod]) -> IPSet:
    """A set of addresses; pods on the host's network have none of their own."""
    entries = (
        Entry(str(address), more=_comment(f"namespace: {pod.namespace.name}, pod: {pod.name}"))
        for pod in pods
        if not pod.host_network
        for address in pod.addresses
        if address.family is Family.IPV4
    )
    return IPSet(set_name(content), "hash:ip", Family.IPV4, WITH_COMMENTS, tuple(entries))


def _comment(text: str) -> str:
    return f'comment "{text}"'


def _plain(cidr: str) -> str:
    """The block as `ipset save` prints it."""
    plain = parse_cidr(cidr).cidrs[0]
    return plain.removesuffix(f"/{Family.IPV4.bits}")
