"""`python -m app.simulator`: the trial as a program of its own, which `sms-for-ecommerce trial` becomes."""

import asyncio
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.core.embedded_postgres import PostgresUnavailable, default_data_dir, erase_embedded
from app.simulator.children import ChildEnded
from app.simulator.demo_shop import SENDER, SHOP
from app.simulator.keepsakes import TrialRunning, exclusive, start_over
from app.simulator.once import walk
from app.simulator.ports import Ports, PortTaken, check_free
from app.simulator.trial import STEPS, NotReady, Trial, ended_by_signals, running_trial

FIRST_PORT = 8000
INTERRUPTED = 130

cli = typer.Typer(add_completion=False)
console = Console(highlight=False, soft_wrap=True)


@cli.command()
def main(
    once: Annotated[bool, typer.Option("--once", help="Walk the whole road without a browser, then end.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget everything an earlier trial kept.")] = False,
    port: Annotated[
        int | None,
        typer.Option(min=1024, max=65533, help="First of three ports in a row: app, Shopify, RingCentral."),
    ] = None,
    erase: Annotated[bool, typer.Option("--erase", help="Remove what trials and tests kept, and end.")] = False,
) -> None:
    """The whole product on this machine: a simulated Shopify Admin and RingCentral around the app, on one database."""
    root = Path(os.environ.get("DATA_DIR") or default_data_dir("trial"))
    try:
        if erase:
            _erase(root)
        else:
            raise typer.Exit(asyncio.run(_trial(root, once=once, fresh=fresh, port=port)))
    except (PostgresUnavailable, PortTaken, TrialRunning, ChildEnded, NotReady) as problem:
        console.print(f"\n{problem}", style="red", markup=False)
        raise typer.Exit(1) from None


async def _trial(root: Path, *, once: bool, fresh: bool, port: int | None) -> int:
    folder = root / ("once" if once else "trial" if port is None else f"trial-{port}")
    with ended_by_signals(), exclusive(folder), Startup() as startup:
        if fresh or once:  # a run with a transcript must not see what another one left
            await asyncio.to_thread(start_over, folder)
        try:
            async with running_trial(folder, _ports(port, may_move=once), startup.begin) as trial:
                startup.end()
                if once:
                    return 0 if await walk(trial, _say) else 1
                _invite(trial)
                await trial.children.watch()
                return 1
        except asyncio.CancelledError:
            startup.end()
            _say(f"\nEverything has ended. The data stays in {folder}.")
            return INTERRUPTED if once else 0


class Startup:
    """The progress bar while things start; on anything but a terminal, one line for each."""

    def __init__(self) -> None:
        columns = (TextColumn("Starting {task.description}"), BarColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._task = self._progress.add_task("", total=len(STEPS))
        self._begun = 0

    def __enter__(self) -> Self:
        if console.is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def begin(self, step: str) -> None:
        self._progress.update(self._task, description=step, completed=self._begun)
        self._begun += 1
        if not console.is_terminal:
            _say(f"Starting {step}")

    def end(self) -> None:
        self._progress.stop()


def _invite(trial: Trial) -> None:
    _say(f"""
Open {trial.ports.shopify_url}/

What to do next
  1. You are in a simulated Shopify Admin, as the owner of {SHOP}. The app is open and installed.
  2. Follow its setup steps: connect RingCentral with the JWT from the panel's keys, choose the number {SENDER}.
  3. In the panel, place an order for Ada and watch her telephone; then fulfill the order.
  4. Answer from the telephone: HELP, STOP, START. The app's message log says what was sent, what was not, and why.
  5. Under Affiliate, invite Jane and open her page: she joins, connects her own number, and her customers hear from it.

Quiet hours are those of a real shop: at night in the customer's zone, turn them off under Settings, Sending hours.
Logs: {trial.children.logs}   Ctrl-C ends everything; the next start finds it as it was (--fresh starts over).""")


def _say(text: str) -> None:
    console.print(text, markup=False)


def _erase(root: Path) -> None:
    """What trials and tests kept, also where the database lies elsewhere (see `embedded_postgres`)."""
    if not root.exists():
        return
    for folder in (root, *(entry for entry in root.iterdir() if entry.is_dir())):
        erase_embedded(folder)
    shutil.rmtree(root)


def _ports(first: int | None, *, may_move: bool) -> Ports:
    """The wanted ports. A run that nobody has to find in a browser may take any others when they are taken."""
    ports = Ports.following(first or FIRST_PORT)
    if first is None and may_move:
        try:
            for number in (ports.app, ports.shopify, ports.ringcentral):
                check_free(number)
        except PortTaken:
            return Ports.free()
    return ports


if __name__ == "__main__":
    cli()
