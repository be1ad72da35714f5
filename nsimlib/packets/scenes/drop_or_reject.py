"""DROP against REJECT, as the client sees it: silence, or one of several refusals (F5.15)."""

from collections.abc import Mapping

from nsimlib.packets.scenes.clients import NO_ANSWER, connect, send
from nsimlib.packets.scenes.played import Played, Script
from nsimlib.packets.scenes.stage import Stage, hang_up

__all__ = ["drop_or_reject"]

SERVER = "203.0.113.7"
OPEN, CLOSED = 443, 444
RETRIES = "net/ipv4/tcp_syn_retries"
TCP, UDP = "TCP", "UDP"
UNTIL = "the client's patience", "until the client gives up"


def _reject(kind: str) -> str:
    return f"reject with icmp type {kind}"


#: why the client hears that; a network or a host that is unreachable may come back, and UDP waits
SILENT, SERVER_SAYS = "nobody says anything", "the server's kernel says so"
NODE, ROUTING = (
    "the node says it; a server would say the same",
    "the node says it; so would a router",
)
PASSED_OVER = "the node says it, and UDP takes it for a passing trouble"
ON_THE_WAY = (
    # what the node does with the packet, the rule that does it, and why TCP and UDP hear what
    ("dropped", "drop", {TCP: SILENT, UDP: SILENT}),
    ("rejected with a TCP reset", "meta l4proto tcp reject with tcp reset", {TCP: NODE}),
    ("rejected as port unreachable", _reject("port-unreachable"), {TCP: NODE, UDP: NODE}),
    (
        "rejected as administratively prohibited",
        _reject("admin-prohibited"),
        {TCP: ROUTING, UDP: ROUTING},
    ),
    (
        "rejected as host unreachable",
        _reject("host-unreachable"),
        {TCP: ROUTING, UDP: PASSED_OVER},
    ),
    (
        "rejected as network unreachable",
        _reject("net-unreachable"),
        {TCP: ROUTING, UDP: PASSED_OVER},
    ),
)
IN_THE_POD = "table inet own { chain out { type filter hook output priority 0; policy drop;\n}\n}"


def drop_or_reject() -> Played:
    """Connect and send where nothing stops it, where the node does, and where the pod itself does.

    Only a counter on the node tells a refusal by policy from one by the server or by routing.
    """
    script = Script()
    with Stage() as stage:
        stage.serve(stage.lab.world, OPEN, hang_up)
        _try(stage, script, "let through, and somebody listens", OPEN, {TCP: ""})
        told = {TCP: SERVER_SAYS, UDP: SERVER_SAYS}
        _try(stage, script, "let through, and nobody listens", CLOSED, told)
        for about, rule, because in ON_THE_WAY:
            stage.first_rule(rule)
            _try(stage, script, about, OPEN, because)
        stage.first_rule("drop")
        stage.tune(stage.pod, RETRIES, 1)
        _give_up(stage, script)
        stage.first_rule()
        stage.lab.load(stage.pod.netns, [IN_THE_POD])
        own = {TCP: "nobody says anything", UDP: "the pod's own kernel says so"}
        _try(stage, script, "dropped in the pod itself, as no CNI does", OPEN, own, "F5.13")
    return script.played("drop-or-reject", "DROP against REJECT, as the client sees it")


def _try(
    stage: Stage, script: Script, about: str, port: int, because: Mapping[str, str], *facts: str
) -> None:
    for protocol, why in because.items():
        tried = (connect if protocol == TCP else send)(stage.pod, SERVER, port)
        what = f"{protocol}, {about}"
        script.note(what, tried.outcome, why, *facts)
        script.took(what, tried.seconds, *(UNTIL if tried.outcome == NO_ANSWER else ()))


def _give_up(stage: Stage, script: Script) -> None:
    tried = connect(stage.pod, SERVER, OPEN, patience=None)
    what = "TCP, dropped, and the client has no timeout of its own"
    script.note(what, tried.outcome, "the kernel gives up", "F5.15")
    script.took(what, tried.seconds, "net.ipv4.tcp_syn_retries 1, for 6", "131 to 135 s (F5.15)")
