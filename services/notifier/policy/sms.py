"""The SMS templates of a policy file: which were approved for what, with which variables.

What a template says is between the office and its provider; here stands which one is meant. A template with a
variable that is not filled, or filled with too long a value, is refused by the provider when the alert is due:
so it is told when the file is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import structs

from services.notifier.channels.sms_templates import TemplateError, check
from services.notifier.policy import shape_senders as shape
from services.notifier.schedule.plan import SmsTemplate, SmsTerms
from shared.platform.officefile.conversion import convert, named, unknown
from shared.platform.officefile.document import Document

# Characters that a variable may have. Aliyun publishes 35 for notices; Tencent Cloud holds new accounts to six.
LONGEST: Final[Mapping[str, int]] = {"aliyun": 35, "tencent": 6}


def sms_of(document: Document) -> dict[str, SmsTerms]:
    """The templates by provider."""
    found: dict[str, SmsTerms] = {}
    for provider, given in named(document, "sms", ".*"):
        if provider not in LONGEST:
            raise document.bad(f"sms.{provider}", unknown(provider, LONGEST))
        key = f"sms.{provider}"
        terms = convert(document, key, given, shape.SmsSection)
        longest = terms.longest or LONGEST[provider]
        templates = dict(_templates(document, f"{key}.templates", terms.templates, longest))
        found[provider] = SmsTerms(templates, terms.longest)
    return found


def _templates(
    document: Document, key: str, given: shape.SmsTemplates, longest: int
) -> Iterator[tuple[str, SmsTemplate]]:
    for kind, template in structs.asdict(given).items():
        if template is None:
            continue
        try:
            check(kind, template.variables, longest)
        except TemplateError as error:
            raise document.bad(f"{key}.{kind}.variables[{error.variable}]", error.reason.en) from None
        yield kind, SmsTemplate(template.id, template.variables)
