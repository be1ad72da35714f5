"""The names that kube-router gives to chains and sets: 16 letters of a hash (F4.11).

The chains of pods and of policies are made anew with every synchronisation, and the time of it is
hashed too, so on a node they have other names every few minutes. Here it is left out.
"""

from base64 import b32encode
from hashlib import sha256

from nsimlib.model.addresses import Family
from nsimlib.model.policy import Direction, Policy

__all__ = [
    "named_port_set",
    "own_set",
    "peer_set",
    "pod_chain",
    "policy_chain",
    "signed",
]

LENGTH = 16
#: by the side of the packet that a set is about
SETS = {"src": "KUBE-SRC-", "dst": "KUBE-DST-"}


def _hash(text: str) -> str:
    return b32encode(sha256(text.encode()).digest()).decode()[:LENGTH]


def signed(chain: str, comment: str, before: str, after: str) -> str:
    """Return a comment with the hash of its rule, by which kube-router knows it again.

    The rule is given by its words around the comment, without spaces:

    >>> signed("INPUT", "kube-router netpol", "-mcomment--comment", "-jKUBE-ROUTER-INPUT")
    'kube-router netpol - 4IA2OSFRMVNDXBVV'
    """
    return f"{comment} - {_hash(chain + before + comment + after)}"


def pod_chain(namespace: str, pod: str) -> str:
    """Return the name of a pod's chain, as if the time of the synchronisation were not in it."""
    return f"KUBE-POD-FW-{_hash(namespace + pod)}"


def policy_chain(policy: Policy, family: Family) -> str:
    """Return the name of a policy's chain, as if the time were not in it."""
    return f"KUBE-NWPLCY-{_hash(_key(policy) + _family(family))}"


def own_set(policy: Policy, side: str, family: Family) -> str:
    """Return the name of the set of the pods that a policy is for."""
    return _set(side, _key(policy) + _family(family), family)


def peer_set(
    policy: Policy, direction: Direction, number: int, content: str, family: Family
) -> str:
    """Return the name of a set of an entry's peers; `content` is `pod` or `ipblock`."""
    side = "dst" if direction is Direction.EGRESS else "src"
    text = f"{_key(policy)}{direction.word}rule{number}{_family(family)}{content}"
    return _set(side, text, family)


def named_port_set(
    policy: Policy, direction: Direction, number: int, which: int, family: Family
) -> str:
    """Return the name of the set of pods that call one port so."""
    text = f"{_key(policy)}{direction.word}rule{number}{which}{_family(family)}namedport"
    return _set("dst", text, family)


def _set(side: str, text: str, family: Family) -> str:
    prefix = "inet6:" if family is Family.IPV6 else ""
    return f"{prefix}{SETS[side]}{_hash(text)}"


def _key(policy: Policy) -> str:
    return f"{policy.namespace or ''}{policy.name}"


def _family(family: Family) -> str:
    return f"IPv{family.version}"
