"""Options that several commands have."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Output(StrEnum):
    """How a command prints its result."""

    TABLE = "table"
    JSON = "json"


class Grouping(StrEnum):
    """What spending is summed up by."""

    KEY = "key"
    TENANT = "tenant"
    MODEL = "model"
    DAY = "day"


ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The YAML file to read.")]
Format = Annotated[Output, typer.Option("--format", help="How to print it.")]
