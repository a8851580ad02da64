"""What a person reads stands in both languages: each message of the code is translated, whole and compiled."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from string import Formatter

from shared.i18n import Text, bilingual, listed, translated, translated_in
from tests.support import catalogues
from tests.support.sources import modules, nodes

HAN = re.compile(r"[\u4e00-\u9fff]")
NO_WORDS = {
    (None, ", "),
    ("between sentences", ", "),
    ("line of a digest", "{case} {whose}{until}"),
    (None, "{field} {before} → {after}"),
}
"""Messages that are marks and fields only, so that both languages may have the same."""

# Chinese that is no message: what offices and providers write, and what stands beside an English title in a schema.
OF_OTHERS = {
    "services/notifier/channels/aliyun.py": "words of the provider's refusals",
    "services/notifier/channels/contact.py": "mentions of everybody",
    "services/notifier/channels/dingtalk.py": "words of the provider's refusals",
    "services/notifier/channels/feishu.py": "words of the provider's refusals",
    "services/notifier/receipts_http.py": "the answer that the provider expects",
    "services/intake/imports/clocks.py": "how times are written",
    "services/intake/imports/days.py": "how days are written",
    "services/intake/imports/headings.py": "headings of old books",
    "services/intake/imports/lines.py": "words of lines that are no entries",
    "services/intake/imports/values.py": "how names and numbers are written together",
    "services/intake/imports/words.py": "what offices write in cells",
    "services/intake/imports/years.py": "how titles say the year of a book",
    "shared/contract/contacts.py": "how a contact is written",
    "shared/contract/phones.py": "how an extension is written",
    "shared/contract/plain.py": "what people write into a field that they leave open",
    "shared/i18n/text.py": "marks between words",
    "shared/i18n/times.py": "patterns of dates",
    "services/attribution/queries/remarks.py": "marks between words",
    "shared/contract/masking.py": "numerals as people write them",
}
# What an invented office writes, and how its people's telephones show it.
INVENTED = (
    "deploy/demo/scenario/",
    "deploy/demo/providers/",
    "deploy/demo/bubbles.py",
    "deploy/demo/story.py",
    "deploy/demo/conversations.py",
)
# The name of the product or of a term beside the English one, in titles.
TITLES = re.compile(
    r"判客\w*|规则书|案场|判客范围|调休|客户转移|更改登记|成交前发现|成交后发现|客户隐瞒|协助成交|只拿资料|介绍客户当场成交"
)


def test_every_message_of_the_code_is_in_the_catalogue_and_nothing_else_is() -> None:
    assert {message for message, _ in catalogues.said()} == set(catalogues.translations())


def test_every_message_is_translated_with_every_field() -> None:
    """Where one is not: edit shared/i18n/catalogues, then make catalogues."""
    known = catalogues.translations()
    assert len(known) > 3000
    assert [one for one, chinese in known.items() if one not in NO_WORDS and not HAN.search(chinese)] == []
    assert [one for one, chinese in known.items() if _fields(chinese) != _fields(one[1])] == []
    assert [one for one in known if HAN.search(one[1])] == []


def test_the_catalogue_is_written_and_compiled_from_what_stands_in_it() -> None:
    made = catalogues.catalogue(catalogues.translations())
    assert catalogues.SOURCE.read_bytes() == catalogues.source(made), "make catalogues"
    assert catalogues.COMPILED.read_bytes() == catalogues.compiled(made), "make catalogues"


def test_no_chinese_stands_in_the_code_beside_the_catalogue() -> None:
    assert list(_chinese_in_code()) == []


def test_a_text_is_filled_by_language_and_told_with_chinese_first() -> None:
    told = translated("the scope fails on {failing}", failing=Text("甲", "a"))
    assert told == Text("该范围停在 甲", "the scope fails on a")
    assert (
        bilingual("the scope fails on no event now")
        == "该范围没有停在任何记录上 (the scope fails on no event now)"
    )
    assert listed(["x", Text("乙", "b")]) == Text("x、乙", "x, b")
    assert listed([]) == Text("", "")


def test_one_english_word_may_have_two_translations() -> None:
    assert translated_in("shares of a deal", "final").zh == "已确定"
    assert translated("a message that nobody has translated").zh == "a message that nobody has translated"


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def _chinese_in_code() -> Iterator[str]:
    for file in modules():
        name = str(file)
        if name in OF_OTHERS or name.startswith(INVENTED):
            continue
        documentation = {id(one.value) for one in nodes(file) if isinstance(one, ast.Expr)}
        for one in nodes(file):
            if (
                isinstance(one, ast.Constant)
                and isinstance(one.value, str)
                and id(one) not in documentation
                and HAN.search(TITLES.sub("", one.value))
            ):
                yield f"{name}:{one.lineno}: {one.value}"
