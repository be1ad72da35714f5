"""Search list and ndots: what one name costs in questions (F5.7 to F5.9)."""

from dataclasses import replace

from nsimlib.dns.zone_files import read_zones
from nsimlib.packets.scenes.names import Question, ask
from nsimlib.packets.scenes.played import Played, Script
from nsimlib.packets.scenes.stage import Stage

__all__ = ["search_list"]

DATABASE = "orders.abc123def456.us-east-1.rds.amazonaws.com"
SHORT, MISSING = "db.corp.example", "orders.abc123def457.us-east-1.rds.amazonaws.com"
ZONES = f"""\
apiVersion: nsimlib.io/v1
kind: Zone
origin: .
negative_ttl: 60
records:
- {{name: {DATABASE}, type: A, ttl: 5, values: [10.20.21.17]}}
- {{name: {SHORT}, type: A, ttl: 60, values: [10.20.21.17]}}
"""
#: the name as the application writes it, and ndots
ROWS = (
    (SHORT, 5),
    (f"{SHORT}.", 5),
    (SHORT, 2),
    (DATABASE, 5),
    (f"{DATABASE}.", 5),
    (MISSING, 5),
    ("web.shop", 5),
    ("web", 5),
)


def search_list() -> Played:
    """Look names up with few dots and with many, with a dot at the end, and with other ndots.

    A short name costs eight questions. The name of a database has five dots, and costs two; but a
    slip in it costs eight again.
    """
    script, zones = Script(), read_zones(ZONES)
    with Stage() as stage:
        stage.answer_names(zones)
        for name, ndots in ROWS:
            conf = replace(stage.resolv_conf, ndots=ndots)
            ask(stage, script, Question(name, f"ndots:{ndots}", conf), zones)
    return script.played("search-list", "What a name costs")
