"""The metadata service answers with a hop limit of 1: enough for the node, not for its pods (F6.2).

::

    pod --1-- node --1-- fabric, which has 169.254.169.254
"""

import socket
from asyncio import StreamReader, StreamWriter

from nsimlib.manifests.reading import read_policies
from nsimlib.packets.hosts import Host
from nsimlib.packets.scenes.clients import connect, send
from nsimlib.packets.scenes.played import Played, Script
from nsimlib.packets.scenes.stage import Stage

__all__ = ["metadata_hop_limit"]

ADDRESS, PORT = "169.254.169.254", 80
PUT = b"PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n"
TOKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntoken"
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: no-metadata, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Egress]
  egress:
  - to:
    - ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}
"""


def metadata_hop_limit() -> Played:
    """Ask for a token from the node and from a pod, with hop limits of 1 and 2, and under a policy.

    With a limit of 1 the pod connects, and the answer dies on the node: no policy was needed, and a
    rule that allows the address does not help.
    """
    script, service = Script(), Metadata()
    with Stage() as stage:
        stage.run(stage.fabric, "ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
        stage.serve(stage.fabric, PORT, service.answer, ADDRESS)
        for limit in (1, 2):
            service.limit = limit
            for host, name, hops in ((stage.node, "the node", 1), (stage.pod, "a pod", 2)):
                because = f"{hops} hop{'s' if hops > 1 else ''} away"
                _try(script, host, f"{name}, hop limit {limit}", because)
        stage.enforce(read_policies(POLICY))
        _try(script, stage.pod, "a pod, hop limit 2, excepted by policy", "dropped on the node")
    return script.played("metadata-hop-limit", "The token that never comes")


def _try(script: Script, host: Host, about: str, because: str) -> None:
    connected = connect(host, ADDRESS, PORT)
    put = send(host, ADDRESS, PORT, socket.SOCK_STREAM, PUT)
    outcome = "token" if put.said == TOKEN else put.outcome
    script.note(about, f"connect: {connected.outcome}; PUT: {outcome}", because, "F6.2")
    script.took(f"{about}: PUT", put.seconds)


class Metadata:
    """A metadata service that lets its answers to a PUT go so many hops."""

    def __init__(self) -> None:
        self.limit = 1

    async def answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one request."""
        if (await reader.read(1024)).startswith(b"PUT"):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_IP, socket.IP_TTL, self.limit)
            writer.write(TOKEN)
