"""The command that all others belong to, and what they share: inputs, options, errors."""

from importlib import import_module

import click

from nsimlib.cni.choosing import AUTO, guess
from nsimlib.cni.profile import profile_names
from nsimlib.errors import NsimError, visible
from nsimlib.evaluation.combination import Outcome
from nsimlib.lessons.scenarios import scenario_if_named
from nsimlib.manifests import load
from nsimlib.model.cluster import Cluster
from nsimlib.model.tables import Table
from nsimlib.views.summary import warnings_of

__all__ = [
    "EXIT_CODES",
    "echo",
    "lenient_option",
    "load_input",
    "main",
    "paths_argument",
    "reading_option",
    "records",
    "say_what_is_chosen",
]

EXIT_CODES = {Outcome.ALLOWED: 0, Outcome.DENIED: 1, Outcome.UNDETERMINED: 3}
BAD_INPUT = 2

paths_argument = click.argument("paths", nargs=-1, required=True)
reading_option = click.option(
    "--cni",
    "--reading",
    "cni",
    default="spec",
    show_default=True,
    type=click.Choice((*profile_names(), AUTO)),
    help="The profile that settles what the Kubernetes text leaves open; auto takes the one that "
    "the manifests suggest.",
)
lenient_option = click.option(
    "--lenient", is_flag=True, help="Leave out what the API server would refuse, and go on."
)


#: the module of each command, in the order of the help
MODULES = {
    "why": "asking",
    "reach": "asking",
    "compare": "asking",
    "diff": "reviewing",
    "check": "reviewing",
    "audit": "auditing",
    "redact": "sharing",
    "dns": "names",
    "play": "timing",
    "drift": "timing",
    "reconcile": "timing",
    "chains": "kernel",
    "dropped": "kernel",
    "pattern": "patterns",
    "lab": "lab",
    "lessons": "learning",
    "progress": "learning",
    "certificate": "learning",
    "selftest": "learning",
}


def echo(text: object = "", *, nl: bool = True, err: bool = False) -> None:
    """Print a text in which no name, file or value acts on the terminal that shows it."""
    click.echo(visible(str(text)), nl=nl, err=err)


class Commands(click.Group):
    """Commands that are imported when they are called; errors raised on purpose are messages."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - what click asks
        """Return all commands."""
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; its module adds it as it is imported."""
        if cmd_name in MODULES:
            import_module(f"nsimlib.cli.{MODULES[cmd_name]}")
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except NsimError as error:
            echo(f"nsim: {error}", err=True)
            ctx.exit(BAD_INPUT)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nsimlib")
def main() -> None:
    """Understand, teach and audit Kubernetes egress policies."""


def load_input(paths: tuple[str, ...], lenient: bool) -> Cluster:
    """Return what the paths hold, or a scenario of that name; what was left out goes to stderr."""
    if len(paths) == 1 and (known := scenario_if_named(paths[0])):
        return known
    cluster = load(*paths, strict=not lenient)
    for warning in warnings_of(cluster.report):
        echo(f"nsim: {warning}", err=True)
    return cluster


def say_what_is_chosen(cluster: Cluster, cni: str) -> None:
    """Say why a profile was taken where the output has no place for it."""
    if cni == AUTO:
        echo(f"nsim: the reading was chosen: {guess(cluster).conclusion}", err=True)


def records(table: Table) -> list[dict[str, str]]:
    """Return the rows of a table by column, for JSON."""
    return [dict(zip(table.columns, map(str, row), strict=True)) for row in table.rows]
