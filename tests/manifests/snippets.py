"""Short manifests for the tests of reading."""

from nsimlib.manifests import loads
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
"""


def in_spec(text: str) -> str:
    """Return a NetworkPolicy with one line in its spec: line 5, column 3."""
    return f"{POLICY}  {text}\n"


def in_rule(text: str) -> str:
    """Return a NetworkPolicy with an egress rule: line 6, column 5."""
    return f"{POLICY}  egress:\n  - {text}\n"


def policy_of(text: str) -> Policy:
    """Return the one policy in a text."""
    (policy,) = loads(text).policies
    return policy


def manifest(head: str, *more: str) -> str:
    """Return `manifest("apps/v1 Deployment shop/web", "spec: {}")` as YAML; v1 may be left out."""
    *version, kind, key = head.split()
    namespace, _, name = key.rpartition("/")
    metadata = f'name: "{name}"' + (f', namespace: "{namespace}"' if namespace else "")
    api = version[0] if version else "v1"
    lines = (f"apiVersion: {api}", f"kind: {kind}", f"metadata: {{{metadata}}}", *more)
    return "\n".join(lines) + "\n"


def read(*manifests: str, strict: bool = True) -> Cluster:
    """Return the cluster that some manifests describe."""
    return loads("---\n".join(manifests), strict=strict)
