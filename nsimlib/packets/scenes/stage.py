"""Where scenes are played: a lab with Services, nameservers, servers, and policies that change."""

import re
import socket
from asyncio import (
    CancelledError,
    IncompleteReadError,
    Server,
    StreamReader,
    StreamWriter,
    start_server,
)
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from nsimlib.dns.layout import Layout, layout_of
from nsimlib.dns.plays import scene
from nsimlib.dns.records import Answer, RecordType, Source
from nsimlib.dns.resolvconf import ResolvConf
from nsimlib.dns.staging import bare_cluster
from nsimlib.dns.upstream import core_dns
from nsimlib.errors import LabError
from nsimlib.evaluation.ends import backends
from nsimlib.model.addresses import Address
from nsimlib.model.policy import Policy
from nsimlib.model.ports import Port, Protocol
from nsimlib.packets.fqdn import FqdnEngine
from nsimlib.packets.hosts import Host
from nsimlib.packets.lab import Lab
from nsimlib.packets.nameserver import NameServer
from nsimlib.packets.nftables import POLICIES, NftablesEngine
from nsimlib.packets.real_time import RealTime
from nsimlib.packets.services import service_rules
from nsimlib.packets.topology import FABRIC, node_netns

__all__ = ["Asked", "Stage", "echo", "hang_up", "policies_of"]

DROPPED = re.compile(r"counter packets (\d+) .*drop")
OWN = "scene"
#: what a server does with a connection
Serving = Callable[[StreamReader, StreamWriter], Awaitable[None]]


def policies_of(play: str, variant: str) -> tuple[Policy, ...]:
    """Return the policies of a play that ships, in one of its variants."""
    return scene(play, policies=variant, in_force=0).cluster.policies


class Asked(NamedTuple):
    """A question as it came to a nameserver."""

    name: str
    type: RecordType
    transport: Protocol


class Stage:
    """The shop in a lab, with its Services and no policy; a context manager.

    `now` is the time of the scene, which passes when it is set: it decides what names lead to.
    `enforcing` is what `Lab` takes besides.
    """

    def __init__(self, policies: Iterable[Policy] = (), **enforcing: Any) -> None:
        self.lab = Lab(replace(bare_cluster("shop"), policies=tuple(policies)), **enforcing)
        self.now = 0.0
        self.asked: list[Asked] = []
        self._closing = ExitStack()

    def __enter__(self) -> "Stage":
        with ExitStack() as stack:
            stack.enter_context(self.lab)
            self.time = RealTime()
            stack.callback(self.time.stop)
            # The engine of names leads to kube-dns itself, past its proxy.
            if self.lab.engine.name != FqdnEngine.name:
                self._translate()
            self._closing = stack.pop_all()
        return self

    def _translate(self) -> None:
        translation = service_rules(self.lab.cluster)
        for name in self.lab.topology.hosts:
            self.lab.load(node_netns(name), [translation])

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @property
    def pod(self) -> Host:
        """The pod that the policies are about, on the first node."""
        return self.lab.pod("shop/api")

    @property
    def node(self) -> Host:
        """The node of that pod."""
        return self.lab.node("worker-1")

    @property
    def fabric(self) -> Host:
        """What joins the nodes and the world: the network of a data centre."""
        return Host(FABRIC, FABRIC, (), self.lab.helper)

    @property
    def folder(self) -> str:
        """A folder in memory for what programs keep; it ends with the lab.

        Raises
        ------
        LabError
            If this system does not allow one.
        """
        try:
            return str(self.lab.helper.ask("folder"))
        except OSError as error:
            raise LabError("folder", str(error)) from error

    @property
    def layout(self) -> Layout:
        """Who answers the pod's questions about names."""
        return layout_of(self.lab.cluster)

    @property
    def resolv_conf(self) -> ResolvConf:
        """What the pod has in /etc/resolv.conf."""
        return ResolvConf.cluster_first("shop", self.layout.nameserver)

    def enforce(self, policies: Iterable[Policy]) -> None:
        """Put other policies in force; open connections stay tracked."""
        cluster = replace(self.lab.cluster, policies=tuple(policies))
        for name in self.lab.topology.hosts:
            self.lab.load(node_netns(name), [f"delete table inet {POLICIES}\n"])
        NftablesEngine(cluster, self.lab.topology).enforce(self.lab.helper)

    def first_rule(self, rule: str = "") -> None:
        """Have a rule of one's own before the policies of the pod's node, or none any more."""
        hook = "type filter hook forward priority filter - 1;"
        chain = f"table inet {OWN} {{ chain forward {{ {hook} {rule}\n}}\n}}"
        self.lab.load(self.node.netns, [f"add table inet {OWN}\ndelete table inet {OWN}\n{chain}"])

    @property
    def drops(self) -> int:
        """How many packets the policies have dropped on the pod's node."""
        listed = self.run(self.node, "nft", "list", "table", "inet", POLICIES)
        return sum(map(int, DROPPED.findall(listed)))

    def run(self, host: Host, *argv: str) -> str:
        """Run a program for administrators and return what it says.

        Raises
        ------
        LabError
            If it is not there, or fails.
        """
        try:
            done = host.run(*argv)
        except FileNotFoundError as error:
            raise LabError(argv[0], "no such program", f"Install {argv[0]}.") from error
        if done.code:
            raise LabError(argv[0], done.stderr.strip())
        return done.stdout

    def tune(self, host: Host, path: str, value: int) -> None:
        """Change a setting of the kernel, for a namespace, by its path in /proc/sys.

        Raises
        ------
        LabError
            If this system does not let it be changed.
        """
        done = host.run("tee", f"/proc/sys/{path}", stdin=str(value))
        if done.code:
            raise LabError("sysctl", done.stderr.strip())

    def answer_names(self, upstream: Source) -> None:
        """Have CoreDNS answer in its pods what an upstream knows at the time of the scene."""
        source = core_dns(self.lab.cluster, upstream)
        server = _Listening(self, source)
        for port in (Port(53, Protocol.UDP),):
            for party, _ in backends(self.lab.cluster, self.layout.service, port):
                host = self.lab.pod(str(party))
                server.listen(self.time, host.helper, host.netns, party.addresses[0])
        self._closes(server)

    def serve(self, host: Host, port: int, serving: Serving, address: str = "0.0.0.0") -> None:
        """Have somebody answer TCP connections to a port, for as long as the stage is there."""
        listening = host.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        self._closes(self.time.run(start_server(partial(_served, serving), sock=listening)))

    def _closes(self, server: NameServer | Server) -> None:
        self._closing.callback(lambda: self.time.run(_closed(server)))


class _Listening(NameServer):
    """A nameserver that answers from a source and takes down what it is asked."""

    def __init__(self, stage: Stage, source: Source) -> None:
        super().__init__(self._answer)
        self._stage, self._source = stage, source
        self._transport = Protocol.UDP

    def _answer(self, _: Address, name: str, kind: RecordType) -> Answer:
        self._stage.asked.append(Asked(name, kind, self._transport))
        return self._source.answer(name, kind, self._stage.now)

    async def reply(self, message: bytes, client: str, *, datagram: bool) -> bytes | None:
        # Nothing else happens in this thread before the answer is made.
        self._transport = Protocol.UDP if datagram else Protocol.TCP
        return await super().reply(message, client, datagram=datagram)


async def echo(reader: StreamReader, writer: StreamWriter) -> None:
    """Say everything again."""
    while said := await reader.read(100):
        writer.write(said)


async def hang_up(_: StreamReader, writer: StreamWriter) -> None:
    """Serve nobody: what matters is that one connects."""
    writer.close()


async def _served(serving: Serving, reader: StreamReader, writer: StreamWriter) -> None:
    """Serve a connection to its end, or to that of the stage."""
    with suppress(ConnectionError, IncompleteReadError, CancelledError):
        await serving(reader, writer)
    writer.close()


async def _closed(server: NameServer | Server) -> None:
    server.close()
