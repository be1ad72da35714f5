"""Below the API: `nsim chains`, `nsim dropped`."""

import sys
from typing import TextIO

import click

from nsimlib.cli.commands import EXIT_CODES, echo, lenient_option, load_input, main, paths_argument
from nsimlib.datapath.blame import which_policy_dropped
from nsimlib.datapath.entry import datapath
from nsimlib.datapath.lookups import MapDatapath

FORMS = ("rules", "sets", "nft")


@main.command("chains")
@paths_argument
@click.argument("pod")
@click.option("--cni", default="calico", show_default=True, help="Whose chains.")
@click.option("--ask", "connection", help="Walk one connection through them instead.")
@click.option("--format", "form", type=click.Choice(FORMS), default="rules", show_default=True)
@lenient_option
def chains_command(
    paths: tuple[str, ...], pod: str, cni: str, connection: str | None, form: str, lenient: bool
) -> None:
    """Print what the enforcer writes into the kernel of the node of POD, as the node would.

    With --ask, every line that a connection comes to, until the one that decides; the exit code is
    then that of `nsim why`.
    """
    found = datapath(cni, load_input(paths, lenient), pod)
    if connection is not None:
        walk = found.walk(connection)
        echo(str(walk))
        sys.exit(EXIT_CODES[walk.outcome])
    if form == "rules":
        echo(found.save(), nl=False)
    elif isinstance(found, MapDatapath):
        raise click.UsageError(f"{cni} has maps and no rules, so there is only --format rules")
    else:
        echo(found.nft() if form == "nft" else found.save_sets(), nl=False)


@main.command("dropped")
@click.argument("counters", type=click.File())
@click.argument("paths", nargs=-1)
@lenient_option
def dropped_command(counters: TextIO, paths: tuple[str, ...], lenient: bool) -> None:
    """Say which policies dropped packets, from the text of `iptables-save -c` in COUNTERS.

    With the manifests at PATHS, pods and policies are named by them. COUNTERS may be - for standard
    input.
    """
    cluster = load_input(paths, lenient) if paths else None
    found = which_policy_dropped(counters.read(), cluster)
    for each in found or ("nothing was dropped",):
        echo(str(each))
