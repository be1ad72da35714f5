"""DROP against REJECT, as the client sees it: silence, or one of several refusals (F5.15)."""

from nsimlib.packets.scenes.clients import NO_ANSWER, connect, send
from nsimlib.packets.scenes.played import Played, Script
from nsimlib.packets.scenes.stage import Stage, hang_up

__all__ = ["drop_or_reject"]

SERVER = "203.0.113.7"
OPEN, CLOSED = 443, 444
RETRIES = "net/ipv4/tcp_syn_retries"
TCP, UDP = "TCP", "UDP"
BOTH = TCP, UDP
ON_THE_WAY = (
    # what the node does with the packet, the rule that does it, and who meets it
    ("dropped", "drop", BOTH),
    ("rejected with a TCP reset", "meta l4proto tcp reject with tcp reset", (TCP,)),
    ("rejected as port unreachable", "reject with icmp type port-unreachable", BOTH),
    ("rejected as administratively prohibited", "reject with icmp type admin-prohibited", BOTH),
    ("rejected as host unreachable", "reject with icmp type host-unreachable", BOTH),
    ("rejected as network unreachable", "reject with icmp type net-unreachable", BOTH),
)
IN_THE_POD = "table inet own { chain out { type filter hook output priority 0; policy drop;\n}\n}"


def drop_or_reject() -> Played:
    """Connect and send where nothing stops it, where the node does, and where the pod itself does.

    Only a counter on the node tells a refusal by policy from one by the server or by routing.
    """
    script = Script()
    with Stage() as stage:
        stage.serve(stage.lab.world, OPEN, hang_up)
        _try(stage, script, "let through, and somebody listens", OPEN, (TCP,))
        _try(stage, script, "let through, and nobody listens", CLOSED, BOTH)
        for about, rule, protocols in ON_THE_WAY:
            stage.first_rule(rule)
            _try(stage, script, about, OPEN, protocols)
        stage.first_rule("drop")
        stage.tune(stage.pod, RETRIES, 1)
        _give_up(stage, script)
        stage.first_rule()
        stage.lab.load(stage.pod.netns, [IN_THE_POD])
        _try(stage, script, "dropped in the pod itself, as no CNI does", OPEN, BOTH, "F5.13")
    return script.played("drop-or-reject", "DROP against REJECT, as the client sees it")


def _try(
    stage: Stage, script: Script, about: str, port: int, protocols: tuple[str, ...], *facts: str
) -> None:
    for protocol in protocols:
        tried = (connect if protocol == TCP else send)(stage.pod, SERVER, port)
        what = f"{protocol}, {about}"
        script.note(what, tried.outcome, "", *facts)
        waits = (
            ("the client's patience", "until the client gives up")
            if tried.outcome == NO_ANSWER
            else ()
        )
        script.took(what, tried.seconds, *waits)


def _give_up(stage: Stage, script: Script) -> None:
    tried = connect(stage.pod, SERVER, OPEN, patience=None)
    what = "TCP, dropped, and the client has no timeout of its own"
    script.note(what, tried.outcome, "the kernel gives up", "F5.15")
    script.took(what, tried.seconds, "net.ipv4.tcp_syn_retries 1, for 6", "131 to 135 s (F5.15)")
