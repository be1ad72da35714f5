"""Truncation and TCP 53: an answer outgrows a datagram, and the policy allows UDP alone (F5.16)."""

from dataclasses import replace

from nsimlib.dns.exchanges import Fate
from nsimlib.dns.zone_files import shipped_zones
from nsimlib.packets.scenes.names import Question, ask
from nsimlib.packets.scenes.played import Played, Script
from nsimlib.packets.scenes.stage import Stage, policies_of

__all__ = ["truncation"]

NAME = "fleet.shop.example."
REJECT = "tcp dport 53 reject with tcp reset"
RETRIES = "net/ipv4/tcp_syn_retries"
SHORTENED = f"{RETRIES.replace('/', '.')} 1, for 6"


def truncation() -> Played:
    """Look up a name with 60 addresses, with TCP 53 allowed, dropped, and rejected.

    glibc asks again over TCP and waits in `connect` as long as the kernel does, whatever
    `options timeout` says (F5.15). `edns0` needs no TCP for an answer of this size.
    """
    script, zones = Script(), shipped_zones("large-answer")
    with Stage(policies_of("truncation", "udp-and-tcp")) as stage:
        stage.answer_names(zones)
        conf, edns0 = stage.resolv_conf, replace(stage.resolv_conf, edns0=True)
        ask(stage, script, Question(NAME, "UDP and TCP allowed", conf), zones)
        stage.enforce(policies_of("truncation", "udp-only"))
        stage.tune(stage.pod, RETRIES, 1)
        dropped = Question(NAME, "TCP dropped", conf, tcp=Fate.DROPPED, shortened_by=SHORTENED)
        ask(stage, script, dropped, zones)
        ask(stage, script, Question(NAME, "TCP dropped, edns0", edns0), zones)
        stage.first_rule(REJECT)
        ask(stage, script, Question(NAME, "TCP rejected", conf, tcp=Fate.REJECTED), zones)
    return script.played("truncation", "The fleet outgrows a datagram")
