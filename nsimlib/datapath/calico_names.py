"""The names that Calico gives to interfaces, chains, sets and rules, hashed where they are long.

All of these are worked out, none is looked up: the same policy has the same chain name on every
node of every cluster that runs the same version.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from enum import Enum
from hashlib import sha1, sha3_224, sha224, sha256

from nsimlib.model.addresses import Family
from nsimlib.model.policy import Direction, Policy

__all__ = [
    "Version",
    "calico_kind",
    "group_chain",
    "interface_of",
    "policy_chain",
    "policy_comment",
    "profile_chain",
    "rule_hashes",
    "set_name",
    "short",
    "unique_id",
]

MAX_CHAIN, MAX_SET, RULE_HASH = 28, 31, 16
POLICIES = {Direction.EGRESS: "cali-po-", Direction.INGRESS: "cali-pi-"}
PROFILES = {Direction.EGRESS: "cali-pro-", Direction.INGRESS: "cali-pri-"}
GROUPS = {Direction.EGRESS: "cali-go-", Direction.INGRESS: "cali-gi-"}
WAYS = {Direction.EGRESS: "outbound", Direction.INGRESS: "inbound"}
#: how Calico calls a kind, and how it shortens that in names of chains
KINDS = {
    "NetworkPolicy": ("KubernetesNetworkPolicy", "knp"),
    "ClusterNetworkPolicy": ("KubernetesClusterNetworkPolicy", "kcnp"),
    "NetworkPolicy.projectcalico.org": ("NetworkPolicy", "np"),
    "GlobalNetworkPolicy": ("GlobalNetworkPolicy", "gnp"),
}


class Version(Enum):
    """Releases that name policies differently (F2.26, F2.31)."""

    V3_28 = "3.28"
    V3_29 = "3.29"
    V3_32 = "3.32"


def short(prefix: str, name: str, limit: int = MAX_CHAIN) -> str:
    """Return a prefix and a name; a name too long becomes `_` and as much of its hash as fits.

    >>> short("cali-pro-", "kns.production"), short("cali-pro-", "ksa.production.default")
    ('cali-pro-kns.production', 'cali-pro-_aS7lq01Ta9F51MD38F')
    """
    full = len(prefix) + len(name)
    # A name that begins like a hash and is as long as one could be taken for one.
    if full < limit or (full == limit and not name.startswith("_")):
        return prefix + name
    return f"{prefix}_{_encoded(sha256(name.encode()).digest())}"[:limit]


def _encoded(digest: bytes) -> str:
    return urlsafe_b64encode(digest).decode().rstrip("=")


def interface_of(namespace: str, pod: str) -> str:
    """Return the name of the node's end of a pod's cable (F2.27).

    >>> interface_of("default", "podA")
    'cali7f94ce7c295'
    """
    # How Calico names interfaces; nothing is secured by it.
    return "cali" + sha1(f"{namespace}.{pod}".encode(), usedforsecurity=False).hexdigest()[:11]


def unique_id(kind: str, content: str) -> str:
    """Return the id of what a set stands for: `s` for a selector, `n` for a named port, ..."""
    return f"{kind}:{_encoded(sha224(f'{kind}:{content}'.encode()).digest())}"


def set_name(identity: str, family: Family) -> str:
    """Return the name of the ipset of that id, which the kernel cuts at 31 characters (F2.27)."""
    return f"cali{family.version}0{identity}"[:MAX_SET]


def calico_kind(policy: Policy) -> str:
    """Return what Calico calls the policy's kind."""
    return KINDS.get(policy.kind, (policy.kind, policy.kind))[0]


def _policy_name(policy: Policy, version: Version, tier: str) -> str:
    if version is Version.V3_32:
        return f"{KINDS.get(policy.kind, (policy.kind, policy.kind))[1]}/{policy.key}"
    key = _old_key(policy)
    return key if version is Version.V3_28 else f"{tier}/{key}"


def _old_key(policy: Policy) -> str:
    """The key with the prefix that a NetworkPolicy had while it was stored as one of Calico's."""
    if policy.kind != "NetworkPolicy":
        return policy.key
    return f"{policy.namespace}/knp.default.{policy.name}"


def policy_chain(
    policy: Policy, direction: Direction, version: Version = Version.V3_32, tier: str = "default"
) -> str:
    """Return the name of the chain of a policy's rules in one direction (F2.25)."""
    return short(POLICIES[direction], _policy_name(policy, version, tier))


def policy_comment(policy: Policy, direction: Direction, version: Version = Version.V3_32) -> str:
    """Return the note on the first rule of that chain, by which one finds it (F2.31)."""
    if version is Version.V3_32:
        return f"{calico_kind(policy)} {policy.key} {direction.word}"
    return f"Policy {_old_key(policy)} {direction.word}"


def profile_chain(profile: str, direction: Direction) -> str:
    """Return the name of the chain of a profile's rules in one direction (F2.25)."""
    return short(PROFILES[direction], profile)


def group_chain(selector: str, policies: Iterable[Policy], direction: Direction) -> str:
    """Return the name of the chain for several policies in a row with one selector (F2.25)."""
    members = [
        f"{{Name: {each.name}, Namespace: {each.namespace or ''}, Kind: {calico_kind(each)}}}"
        for each in policies
    ]
    written = (selector, WAYS[direction], str(len(members)), *members)
    digest = sha3_224("".join(f"{line}\n" for line in written).encode()).digest()
    return (GROUPS[direction] + _encoded(digest))[:MAX_CHAIN]


def rule_hashes(chain: str, rules: Iterable[str]) -> Iterator[str]:
    """Yield the hash that each rule of a chain carries, by which Felix knows it again.

    A hash covers the rules before it. `rules` are as Felix hands them to `iptables-restore`,
    without `-A` and the chain:

    >>> list(rule_hashes("FORWARD", ["--jump cali-FORWARD"]))
    ['wUHhoiAYhphO9Mso']
    """
    digest = sha224(chain.encode()).digest()
    for rule in rules:
        digest = sha224(digest + f"-A {chain} HASH {rule}".encode()).digest()
        yield _encoded(digest)[:RULE_HASH]
