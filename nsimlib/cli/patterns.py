"""Egress policies toward databases: `nsim pattern`."""

import click

from nsimlib.cli.commands import echo, load_input, main
from nsimlib.patterns.pattern import dialect_names, pattern


@main.command("pattern")
@click.argument("name")
@click.option("--in", "paths", multiple=True, required=True, help="The cluster that it is for.")
@click.option("--dialect", required=True, type=click.Choice(dialect_names()))
@click.option("--app", "labels", multiple=True, required=True, help="A label of pods: key=value.")
@click.option("--namespace", default="default", show_default=True)
@click.option("--port", type=int, help="The database's port, if it is not the usual one.")
@click.option("--yaml", "alone", is_flag=True, help="Only the manifests, to apply.")
def pattern_command(
    name: str,
    paths: tuple[str, ...],
    dialect: str,
    labels: tuple[str, ...],
    namespace: str,
    port: int | None,
    alone: bool,
) -> None:
    """Write the egress policies that let pods reach a database, and nothing else.

    NAME is a pattern that ships, such as rds or aurora, or a file that describes a database. Each
    rule has its reason above it, and all was tried before it is printed.
    """
    app = dict(label.partition("=")[::2] for label in labels)
    cluster = load_input(paths, lenient=True)
    found = pattern(name, dialect=dialect, cluster=cluster, app=app, namespace=namespace, port=port)
    echo(found.yaml if alone else str(found))
