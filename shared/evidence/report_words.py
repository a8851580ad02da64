"""What the report of a pack calls its parts, its columns, statuses and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.i18n import Text, translated

PARTS: Final[Mapping[str, Text]] = {
    "title": translated("Evidence on a customer"),
    "page": translated("page"),
    "verify": translated(
        "This report is for reading. What proves it is the pack that it stands in: panke verify PACK --key KEY"
    ),
    "standing": translated("How the customer stands"),
    "timeline": translated("What was recorded"),
    "decisions": translated("What was decided, and why"),
    "deals": translated("deals"),
    "disputes": translated("disputes"),
    "known": translated("Who knew what, and when"),
    "closed": translated("under seal: it names another customer's person too, or the person was erased"),
    "entered": translated("entered it"),
    "nobody": translated("nobody"),
    "none": translated("nothing"),
}
ACTS: Final[Mapping[str, Text]] = {
    "opened": translated("looked at it"),
    "exported": translated("took data out"),
    "privileged": translated("did something that few may"),
}
"""What the record of access tells of a customer."""
HEADS: Final[Mapping[str, Text]] = {
    "no.": translated("no."),
    "happened at": translated("happened at"),
    "recorded at": translated("recorded at"),
    "entered by": translated("entered by"),
    "record": translated("record"),
    "what it says": translated("what it says"),
    "at": translated("at"),
    "decision": translated("decision"),
    "owner": translated("owner"),
    "before": translated("before"),
    "clause": translated("clause"),
    "because of no.": translated("because of no."),
    "deal": translated("deal"),
    "status": translated("status"),
    "shares": translated("shares"),
    "dispute": translated("dispute"),
    "opened by": translated("opened by"),
    "who": translated("who"),
    "how": translated("how"),
    "of what": translated("of what"),
}
