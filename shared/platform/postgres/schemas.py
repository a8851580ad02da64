"""The schemas of a deployment, as the entry points of the group `panke.schemas` name them, each with the package whose
migrations make it and whose `sql/roles/rights.sql` says who may do what there."""

from __future__ import annotations

import re
from collections.abc import Collection
from importlib import metadata, resources
from typing import Final, NamedTuple

GROUP: Final = "panke.schemas"
_ROLE: Final = re.compile(r"\{([a-z][a-z_]*)\}")


class OwnedSchema(NamedTuple):
    """A schema, and the package that ships it."""

    name: str
    package: str

    @property
    def rights(self) -> str:
        """What each role may do there; roles stand in braces, without the prefix of the deployment."""
        return (
            resources.files(self.package).joinpath("sql", "roles", "rights.sql").read_text(encoding="utf-8")
        )

    @property
    def roles(self) -> list[str]:
        """The roles that have any right there."""
        return sorted(set(_ROLE.findall(self.rights)))


def owned_schemas(only: Collection[str] = ()) -> list[OwnedSchema]:
    """Every schema of a deployment, or those of the names."""
    found = (OwnedSchema(entry.name, entry.value) for entry in metadata.entry_points(group=GROUP))
    return sorted(one for one in found if not only or one.name in only)
