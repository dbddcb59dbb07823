"""Commands for operators: run the web process or a worker, migrate, rotate keys, look around."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.fernet import Fernet
from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table

from app import processes
from app.config import ConfigurationError, Settings
from app.core import migrations
from app.core.backup import BackupError, back_up
from app.core.backup import restore as restore_from
from app.core.embedded_postgres import PostgresUnavailable
from app.core.rotation import rotate_keys
from app.messages.doctor import examine
from app.processes import settings_and_database
from app.shopify.app_toml import render_toml, toml_problem
from app.wiring import declared_rows, load_declarations, open_deps

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console()
errors = Console(stderr=True)
WIDE = 160
MARKS = {"ok": "✓", "warning": "!", "problem": "✗"}
ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """All commands of the console script. Configuration errors end in one clear message and status 2."""
    try:
        cli()
    except (BackupError, ConfigurationError, PostgresUnavailable) as error:
        # No markup, or "[trial]" would be taken for a style; no wrapping, so that commands can be copied.
        errors.print(str(error), style="bold red", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(2) from None


@cli.command()
def web() -> None:
    """Serve HTTP on PORT: webhooks, pages, API."""
    processes.serve_web()


@cli.command()
def worker() -> None:
    """Do the background work: webhooks, sending, statuses, reconciliation."""
    processes.run_worker()


@cli.command()
def migrate() -> None:
    """Bring the database to this version."""
    with settings_and_database() as (_settings, database_url):
        applied = migrations.upgrade(database_url)
        console.print(f"The database is at {applied}.")


@cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def trial(context: typer.Context) -> None:
    """The whole journey on this machine: simulated Shopify Admin and RingCentral, no accounts needed."""
    # The trial takes this process over, so that Ctrl-C reaches it and nothing else.
    os.execv(sys.executable, [sys.executable, "-m", "app.simulator", *context.args])  # noqa: S606


@cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def bench(context: typer.Context) -> None:
    """Measure intake, sending and pages on this machine; needs what the trial needs."""
    os.execv(sys.executable, [sys.executable, "-m", "app.simulator.bench", *context.args])  # noqa: S606


@cli.command()
def declared(
    check_toml: Annotated[bool, typer.Option("--check-toml", help="Fail if shopify.app.toml is out of date.")] = False,
    write_toml: Annotated[bool, typer.Option("--write-toml", help="Rewrite the generated block.")] = False,
) -> None:
    """Print every topic, kind of text, provider and job with its file and line."""
    load_declarations()
    path = ROOT / "shopify.app.toml"
    if check_toml:
        problem = toml_problem(path)
        if problem is not None:
            errors.print(problem, style="bold red")
            raise typer.Exit(1)
        console.print("shopify.app.toml is up to date.")
        return
    if write_toml:
        path.write_text(render_toml(path.read_text()))
        console.print("shopify.app.toml was written.")
        return
    table = Table("What", Column("Name", overflow="fold"), "Detail", "Where")
    for row in declared_rows():
        table.add_row(*row)
    if not console.is_terminal:
        console.width = WIDE  # whoever pipes this looks for whole names
    console.print(table)


@cli.command()
def doctor() -> None:
    """Check everything that has to be right, and say what to do; exit 1 if something is broken."""
    with settings_and_database() as (settings, database_url):
        rows = asyncio.run(_examine(settings, database_url))
    table = Table("About", "", "Found", "What to do")
    for row in rows:
        table.add_row(row["about"], MARKS[row["level"]], row["sentence"], row["action"] or "")
    console.print(table)
    if any(row["level"] == "problem" for row in rows):
        raise typer.Exit(1)


async def _examine(settings: Settings, database_url: str) -> list[dict[str, Any]]:
    async with open_deps(settings, database_url) as deps:
        return await examine(deps)


@cli.command()
def backup(file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")]) -> None:
    """Write the whole database to one file. Keep ENCRYPTION_KEYS elsewhere: without them it cannot be read."""
    with settings_and_database() as (_settings, database_url):
        console.print(f"{file}: {back_up(database_url, file):,} bytes.")


@cli.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")]) -> None:
    """Fill an empty database from a backup."""
    with settings_and_database() as (_settings, database_url):
        restore_from(database_url, file)
        console.print(f"The database is as it was in {file}. Run `migrate` next.")


keys = typer.Typer(no_args_is_help=True, help="Encryption keys.")
cli.add_typer(keys, name="keys")


@keys.command()
def new() -> None:
    """Print a new Fernet key for ENCRYPTION_KEYS."""
    console.print(Fernet.generate_key().decode(), highlight=False)


@keys.command()
def rotate() -> None:
    """Re-encrypt everything with the first of ENCRYPTION_KEYS, while the app is running."""
    with settings_and_database() as (settings, database_url), Progress(console=console) as progress:
        asyncio.run(rotate_keys([key.get_secret_value() for key in settings.encryption_keys], database_url, progress))
