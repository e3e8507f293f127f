"""What all tables belong to, and how their indexes are named."""

from typing import Final

from sqlalchemy import MetaData

METADATA: Final = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})
