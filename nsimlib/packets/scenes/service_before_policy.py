"""Service translation before policy: a rule for the Service's address matches nothing (F2.19)."""

from nsimlib.evaluation.engine import why
from nsimlib.manifests.reading import read_policies
from nsimlib.packets.hosts import Host
from nsimlib.packets.scenes.clients import connect
from nsimlib.packets.scenes.played import Played, Script
from nsimlib.packets.scenes.stage import Stage, hang_up

__all__ = ["service_before_policy"]

SERVICE, PORT, TARGET = "10.96.20.10", 80, 8080
CONNECTION = f"shop/api -> {SERVICE}:{PORT}/TCP"
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: to-web, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: api}}}}
  policyTypes: [Egress]
  egress:
  - to: [{peer}]
    ports: [{{port: {port}, protocol: TCP}}]
"""
ROWS = (
    ("the Service's address and port", f"ipBlock: {{cidr: {SERVICE}/32}}", PORT),
    ("the pods, on the Service's port", "podSelector: {matchLabels: {app: web}}", PORT),
    ("the pods, on their own port", "podSelector: {matchLabels: {app: web}}", TARGET),
)
#: one that looks after the translation, and one that looks before it
ENFORCERS = "calico", "aws-vpc-cni"


def service_before_policy() -> Played:
    """Connect to a Service under three policies that look as if they allowed it.

    kube-proxy's rules have put a pod's address and port in the place of the Service's before the
    policy of the node sees the packet.
    """
    script = Script()
    with Stage() as stage:
        for number in (1, 2):
            stage.serve(_web(stage, number), TARGET, hang_up)
        for about, peer, port in ROWS:
            policies = read_policies(POLICY.format(peer=f"{{{peer}}}", port=port))
            stage.enforce(policies)
            tried = connect(stage.pod, SERVICE, PORT)
            cluster = stage.lab.cluster.with_policies(*policies)
            said = (
                f"{cni}: {why(cluster, CONNECTION, cni=cni).outcome.value}" for cni in ENFORCERS
            )
            what = f"connect to {SERVICE}:{PORT}, allowed: {about}"
            script.note(what, tried.outcome, "the model says " + ", ".join(said), "F2.19", "F4.29")
            script.took(what, tried.seconds)
    return script.played("service-before-policy", "The policy never sees the Service")


def _web(stage: Stage, node: int) -> Host:
    """The pod of `web` on a node."""
    pods = stage.lab.topology.pods[f"worker-{node}"]
    return stage.lab.pod(next(pod.key for pod in pods if pod.labels.get("app") == "web"))
