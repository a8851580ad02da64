"""What is said of a customer (客户档案), as a type that is made of the catalogue of keys."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, defstruct

from shared.contract.event_parts import Model
from shared.contract.fields import Day, PersonalAnswer, PlainAnswer
from shared.contract.profile import PROFILE_KEYS, ProfileKeyEntry, catalogue


def _type_of(entry: ProfileKeyEntry) -> Any:
    if entry.type == "date":
        return Day
    if entry.type == "choice":
        return Literal[entry.values]
    return PersonalAnswer if entry.is_sealed else PlainAnswer


if TYPE_CHECKING:

    class ProfileValues(Model, frozen=True):
        """What is said, by key; the keys are those of the catalogue."""

else:
    ProfileValues = defstruct(
        "ProfileValues",
        [(name, _type_of(entry) | None, None) for name, entry in catalogue().items()],
        bases=(Model,),
        namespace={"__doc__": "What is said, by key; the keys are those of the catalogue."},
        module=__name__,
        frozen=True,
        gc=False,
    )

ProfileKey = Annotated[str, Meta(pattern="^[a-z0-9_]{1,40}$", extra_json_schema={"enum": list(catalogue())})]
ProfileKeyList = Annotated[tuple[ProfileKey, ...], Meta(max_length=len(PROFILE_KEYS))]


def profile_items(values: ProfileValues | None) -> Iterator[tuple[str, Any]]:
    """The keys that are set, each with what is said."""
    for name in catalogue() if values is not None else ():
        said = getattr(values, name)
        if said is not None:
            yield name, said
