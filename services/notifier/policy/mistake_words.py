"""What is wrong with an alert policy, in both languages: its readers tell it to programmers, in English alone."""

from __future__ import annotations

from typing import Final

from shared.i18n import Text, translated
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.officefile.mistake_words import Said, in_chinese_too, words_of

_SAID: Final[Said] = (
    (r"must be 1, the version of this format", translated("The version must be 1, that of this format.")),
    (r"opening (?P<opening>\S+) must come before the afternoon reminder (?P<afternoon>[^,]+), that before the "
     r"supervisor's (?P<last>[^,]+), and that no later than closing (?P<closing>\S+)",
     translated("The opening {opening} must come before the afternoon reminder {afternoon}, that before the "
                "supervisor's {last}, and that no later than the closing {closing}.")),
    (r"opening (?P<opening>\S+) lies in the quiet hours", translated("The opening {opening} lies in the quiet hours.")),
    (r"'(?P<zone>.*)' is not the name of a time zone", translated("{zone} is no time zone; Asia/Shanghai is one.")),
    (r"an office that is closed on all seven .*",
     translated("An office that is closed on all seven weekdays never opens.")),
    (r"quiet hours that begin and end together .*",
     translated("Quiet hours that begin and end together would be none, or all of them.")),
    (r"(?P<what>\S+) to (?P<whom>\S+) stands twice", translated("{what} to {whom} stands twice.")),
    (r"(?P<what>\S+) stands twice", translated("{what} stands twice.")),
    (r"no step is for the owner.*",
     translated("No step is for the owner: whose claim runs out must be told before.")),
    (r"nobody stands in for themselves", translated("Nobody stands in for themselves.")),
    (r"nobody supervises themselves", translated("Nobody supervises themselves.")),
    (r"(?P<days>.+) ends before it begins", translated("{days} ends before it begins.")),
    (r"(?P<day>.+) is not a day of the calendar", translated("{day} is no day of the calendar.")),
    (r"either `env` or `file`", translated("Here either env or file is needed.")),
    (r"a secret never stands here: .*",
     translated("A secret never stands here: name where it is, {{env: VARIABLE}} or {{file: PATH}}.")),
    (r"there is no robot '(?P<robot>.*)'; there are (?P<known>.+)",
     translated("There is no robot {robot}; there are: {known}")),
    (r"there is no robot '(?P<robot>.*)'; `(?P<place>.+)` has none",
     translated("There is no robot {robot}; {place} has none.")),
    (r"there is no channel '(?P<channel>.*)'; there are (?P<known>.+)",
     translated("There is no channel {channel}; there are: {known}")),
    (r"no such variable: (?P<name>\S+); there are (?P<known>.+)",
     translated("There is no variable {name}; there are: {known}")),
    (r"(?P<name>\S+) may have (?P<longest>\d+) characters, and (?P<most>\d+) are allowed",
     translated("{name} may have {longest} characters, and {most} are allowed.")),
    (r"(?P<name>\S+) may have (?P<longest>\d+) characters, and (?P<most>\d+) are allowed; "
     r"take (?P<one>\S+) and (?P<other>\S+)",
     translated("{name} may have {longest} characters, and {most} are allowed; take {one} and {other}.")),
    # What a check remarks of a policy that is in order.
    (r"the templates of (?P<channel>\S+) stand neither here .*",
     translated("The templates of {channel} stand neither here nor in the settings at hand: they were not looked at.")),
    (r"(?P<channel>\S+) has no template for digest: each alert goes by itself",
     translated("{channel} has no template for digest: each alert goes by itself.")),
    (r"(?P<channel>\S+) has no template for (?P<kinds>.+); no other channel .*",
     translated("{channel} has no template for {kinds}; no other channel of the list tells it: nobody is told.")),
    (r"(?P<channel>\S+) has no template for (?P<kinds>.+); (?P<other>\S+) tells it instead",
     translated("{channel} has no template for {kinds}; {other} tells it instead.")),
    (r"no list of channels names (?P<provider>\S+) here: .*",
     translated("No list of channels names {provider} here: the robot stays silent.")),
    (r"the variable (?P<name>\S+) is not set here; the service needs it .*",
     translated("The variable {name} is not set here; the service needs it.")),
    (r"(?P<file>.+) cannot be read: .+ here; the service needs it .*",
     translated("{file} cannot be read here; the service needs it.")),
    (r"(?P<file>.+) is empty here; the service needs it .*",
     translated("{file} is empty here; the service needs it.")),
)  # fmt: skip
_NO_DECLINING: Final = translated("reminders and the notice of a lapse cannot be declined")
"""What the shape of a policy says behind any mistake in `opt_out`."""


def policy_mistake(error: OfficeFileError) -> str:
    """What the command and the service say of it: place and reason, and behind them the reason in Chinese."""
    return in_chinese_too(str(error), _words(error.reason))


def with_chinese(reason: str) -> str:
    """The reason, and behind it the same in Chinese; one that no words are known for stays as it is."""
    return in_chinese_too(reason, _words(reason))


def _words(reason: str) -> Text | None:
    alone = reason.removesuffix(f"; {_NO_DECLINING.en}")
    words = words_of(alone, _SAID)
    if words is None or alone == reason:
        return words
    zh, en = words.zh.removesuffix("。"), words.en.removesuffix(".")
    return Text(f"{zh}；{_NO_DECLINING.zh}", f"{en}; {_NO_DECLINING.en}")
