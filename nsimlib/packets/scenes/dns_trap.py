"""DNS cut off: the first egress policy of a pod forgets DNS, and glibc hangs for 20 s (F5.10)."""

from nsimlib.dns.exchanges import Fate
from nsimlib.dns.zone_files import shipped_zones
from nsimlib.packets.scenes.names import Question, ask
from nsimlib.packets.scenes.played import Played, Script
from nsimlib.packets.scenes.stage import Stage, policies_of

__all__ = ["dns_trap"]

NAME = "orders.abc123def456.us-east-1.rds.amazonaws.com"
DROPPED, REJECTED = Fate.DROPPED, Fate.REJECTED
REJECT = "meta l4proto { tcp, udp } th dport 53 reject"


def dns_trap() -> Played:
    """Look the database up without a policy for DNS, with one, without again, and rejected.

    The nameserver never hears of what is dropped. A dot at the end halves the wait, as there is no
    search list to go through; a rejection ends it at once (F5.12).
    """
    script, zones = Script(), shipped_zones("rds")
    with Stage() as stage:
        stage.answer_names(zones)
        conf = stage.resolv_conf
        ask(stage, script, Question(NAME, "no policy", conf), zones)
        stage.enforce(policies_of("dns-trap", "without-dns"))
        for name in (NAME, f"{NAME}."):
            dropped = Question(name, "DNS is dropped", conf, *2 * (DROPPED,), is_hurried=True)
            ask(stage, script, dropped, zones)
        stage.first_rule(REJECT)
        ask(stage, script, Question(NAME, "DNS is rejected", conf, *2 * (REJECTED,)), zones)
        stage.first_rule()
        stage.enforce(policies_of("dns-trap", "with-dns"))
        ask(stage, script, Question(NAME, "DNS is allowed", conf), zones)
    return script.played("dns-trap", "DNS is egress too")
