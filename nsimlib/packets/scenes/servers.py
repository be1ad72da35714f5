"""Databases of a play, in the world of the lab: there, gone, refusing, or unwilling to write."""

from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable

from nsimlib.dns.servers import Server, Service
from nsimlib.packets.scenes.stage import Stage

__all__ = ["READ_ONLY", "Servers"]

DONE = b"done"
READ_ONLY = b"read-only"
TABLE = "servers"
#: what the machine at an address does with packets; one that is gone says nothing either
RULES = {
    Service.DOWN: ("ip daddr {0} drop", "ip saddr {0} drop"),
    Service.REFUSING: ("ip daddr {0} reject with tcp reset", ""),
}


class Servers:
    """Who answers at which address at a time; at all others somebody serves."""

    def __init__(self, stage: Stage, servers: Iterable[Server], port: int) -> None:
        self._stage, self._servers = stage, {str(each.address): each for each in servers}
        self._now, self._services = 0.0, dict[str, Service]()
        self._open: dict[str, list[StreamWriter]] = {}
        stage.serve(stage.lab.world, port, self._session)

    def at(self, now: float) -> None:
        """Have everybody be as they are at a time; who is away loses all connections."""
        self._now = now
        services = {address: server.at(now) for address, server in self._servers.items()}
        if services == self._services:
            return
        self._services = services
        away = [address for address, service in services.items() if service in RULES]
        self._stage.lab.load(self._stage.lab.world.netns, ["\n".join(self._rules(away))])
        self._stage.time.run(self._lose(away))

    def _rules(self, away: list[str]) -> Iterable[str]:
        yield from (f"{verb} table inet {TABLE}" for verb in ("add", "delete", "add"))
        for number, hook in enumerate(("input", "output")):
            about = f"type filter hook {hook} priority filter;"
            yield f"add chain inet {TABLE} {hook} {{ {about} }}"
            for address in away:
                if rule := RULES[self._services[address]][number]:
                    yield f"add rule inet {TABLE} {hook} {rule.format(address)}"

    async def _lose(self, away: list[str]) -> None:
        for address in away:
            for writer in self._open.pop(address, ()):
                writer.transport.abort()

    async def _session(self, reader: StreamReader, writer: StreamWriter) -> None:
        address = writer.get_extra_info("sockname")[0]
        self._open.setdefault(address, []).append(writer)
        while await reader.read(100):
            service = self._services.get(address, Service.SERVING)
            writer.write(READ_ONLY if service is Service.READ_ONLY else DONE)
