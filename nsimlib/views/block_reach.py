"""What a block of addresses opens: its bits, its hosts kind by kind, and the rule that says so."""

from collections.abc import Iterator, Sequence
from html import escape

from nsimlib.evaluation.hosts import HostReach
from nsimlib.model.addresses import parse_address
from nsimlib.patterns.block_rule import BlockRule
from nsimlib.views.catalogue import say
from nsimlib.views.html import html_of
from nsimlib.views.picture import GROUND, INK, Picture
from nsimlib.views.styles import box, code_block, prose, scrolling

__all__ = ["block_reach_html", "block_reach_picture", "block_told"]

WIDTH, LEFT, TOP, ROW, DOT = 660, 138, 66, 23, 18
#: a bit of an IPv4 address, and the gap between two of its octets
BIT, OCTET = 13, 10
#: what stands for a host: a sign, its ground and its ink
WANTED, BESIDES = ("\u2713", "#0072B2", "#fff"), ("!", "#D55E00", "#000")
KEPT = ("\u00b7", "none", "currentColor")


def block_told(rule: BlockRule, reach: HostReach, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return what a rule opens in sentences; `wanted` are the kinds of hosts that it is for."""
    found = reach.reached()
    meant = [host.name for host in found if host.kind in wanted]
    told = [
        say("block.size", cidr=rule.cidr, count=f"{rule.size:,}"),
        say("block.wanted", hosts=", ".join(meant) or say("block.none")),
        say("block.besides", count=len(found) - len(meant), port=reach.ports[0]),
    ]
    told += [say("block.refused", cidr=each, block=rule.cidr) for each in rule.refused]
    return tuple(told)


def block_reach_picture(rule: BlockRule, reach: HostReach, wanted: Sequence[str]) -> Picture:
    """Return a drawing: the bits of the address that the block fixes, and a mark for each host.

    >>> import nsimlib as ns
    >>> rule = BlockRule("10.20.21.17", 24, port="5432/TCP")
    >>> cluster = ns.scenario("static-cidr").with_policies(rule.manifest)
    >>> found = ns.host_reach(cluster, "shop/api", ["5432/TCP"], cni="calico")
    >>> block_reach_picture(rule, found, ["orders-db"])
    addresses in 10.20.21.0/24: 256
    reached of what is wanted: orders
    reached besides on 5432/TCP: 1
    """
    says = "\n".join(block_told(rule, reach, wanted))
    height = TOP + ROW * len(reach.kinds)
    rows = (_row(reach, kind, wanted, TOP + ROW * n) for n, kind in enumerate(reach.kinds))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(says, quote=True)}" style="max-width:{WIDTH}px;width:100%;'
        f'min-width:34em;color:{INK};background:{GROUND}" font-family="sans-serif" '
        f'font-size="12.5" fill="currentColor">{"".join(_bits(rule))}'
        f"{''.join(part for row in rows for part in row)}</svg>"
    )
    return Picture(svg, says)


def block_reach_html(rule: BlockRule, reach: HostReach, wanted: Sequence[str]) -> str:
    """Return the drawing with its sentences, the rule, and the table of what is reached."""
    told = "".join(f"<li>{prose(line)}</li>" for line in block_told(rule, reach, wanted))
    drawn = scrolling(block_reach_picture(rule, reach, wanted).svg)
    columns = "display:flex;flex-wrap:wrap;gap:1.2em;align-items:flex-start"
    beside = f"<div>{code_block(rule.manifest)}</div><div>{html_of(reach.to_table())}</div>"
    return box(
        f'<div role="status"><ul>{told}</ul></div>{drawn}<div style="{columns}">{beside}</div>'
    )


def _bits(rule: BlockRule) -> Iterator[str]:
    """The bits of the address: those of the prefix count, any other may be 0 or 1."""
    yield f'<text x="4" y="44" font-weight="600">{escape(rule.cidr)}</text>'
    for n, bit in enumerate(f"{parse_address(rule.address).value:032b}"):
        x, counts = LEFT + n * BIT + n // 8 * OCTET, n < rule.prefix
        yield (
            f'<rect x="{x}" y="28" width="{BIT - 1}" height="22" rx="2" stroke="currentColor" '
            f'stroke-opacity=".6" fill="currentColor" fill-opacity="{".22" if counts else "0"}"/>'
            f'<text x="{x + 6}" y="44" text-anchor="middle" font-family="monospace">'
            f"{bit if counts else '*'}</text>"
        )
    for n, octet in enumerate(rule.address.split(".")):
        x = LEFT + n * (8 * BIT + OCTET) + 4 * BIT
        yield f'<text x="{x}" y="20" text-anchor="middle">{octet}</text>'


def _row(reach: HostReach, kind: str, wanted: Sequence[str], y: int) -> Iterator[str]:
    """A kind of hosts: a mark for each, and how many of them are reached."""
    all_of, found = reach.of(kind), reach.reached(kind=kind)
    yield f'<text x="4" y="{y + 13}">{escape(kind)}</text>'
    for n, host in enumerate(all_of):
        mark = KEPT if host not in found else WANTED if kind in wanted else BESIDES
        yield _mark(mark, LEFT + n * DOT, y, f"{host.name} {host.end}")
    count = say("block.count", count=len(found), all=len(all_of))
    yield f'<text x="{WIDTH - 6}" y="{y + 13}" text-anchor="end">{escape(count)}</text>'


def _mark(mark: tuple[str, str, str], x: int, y: int, tip: str) -> str:
    sign, ground, ink = mark
    return (
        f'<g><title>{escape(tip)}</title><rect x="{x}" y="{y}" width="{DOT - 3}" height="17" '
        f'rx="4" fill="{ground}" stroke="currentColor" stroke-opacity=".5"/>'
        f'<text x="{x + 7.5}" y="{y + 13}" text-anchor="middle" font-weight="600" '
        f'fill="{ink}">{sign}</text></g>'
    )
