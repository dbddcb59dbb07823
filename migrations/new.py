"""`make migration name=…`: writes the difference between the models and a database at the latest revision.

What comes out is a draft: read it, say what it does, and cut what would lock a large table for long into steps.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command

from app.core.clock import system_clock
from app.core.embedded_postgres import start_embedded
from app.core.migrations import alembic_config, upgrade

NAMED_BY_DATE_AND_DEED = "%%(rev)s_%%(slug)s"


def write_migration(deed: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # as root the server runs as a user of its own and has to reach its data
        with start_embedded(Path(folder), fast=True) as server:
            upgrade(server.url)
            config = alembic_config(server.url)
            config.set_main_option("file_template", NAMED_BY_DATE_AND_DEED)
            moment = system_clock().strftime("%Y%m%d_%H%M")
            command.revision(config, message=deed.replace("_", " "), autogenerate=True, rev_id=moment)


if __name__ == "__main__":
    write_migration(sys.argv[1])
