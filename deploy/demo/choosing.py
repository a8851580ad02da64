"""Which of the many messages are shown: one of each kind, so that a screen or two tells all there is to see."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from deploy.demo.conversations import Conversation

CHATS = ("dingtalk", "wecom", "feishu")
# The webhook's messages are another system's to show.
_SHOWN = (*CHATS, "aliyun-sms", "email")
_FEW = range(2, 6)
_LONGEST = 8

# Whether a message is of a kind, given those that are chosen already.
_Kind = Callable[[Conversation, Sequence[Conversation]], bool]


def worth_showing(conversations: Sequence[Conversation]) -> list[Conversation]:
    """Of each kind the youngest that is not long, none twice, in the order of time. A report is as long as it is."""
    short = [one for one in conversations if one.report or len(one.message.lines) <= _LONGEST]
    chosen: list[Conversation] = []
    for kind in _KINDS:
        chosen += [one for one in short if one not in chosen and kind(one, chosen)][-1:]
    return sorted(chosen, key=lambda one: (one.message.at, one.message.channel, one.message.to))


def _in_chat(one: Conversation) -> bool:
    return one.message.channel in CHATS


def _short_list(one: Conversation, _: Sequence[Conversation]) -> bool:
    return len(one.alerts) in _FEW and _in_chat(one) and not one.to_supervisor


def _last_call(one: Conversation, _: Sequence[Conversation]) -> bool:
    return one.to_supervisor and _in_chat(one) and one.steps == {"last_call"}


def _reminder_by(channel: str) -> _Kind:
    def kind(one: Conversation, _: Sequence[Conversation]) -> bool:
        single = not one.several and not one.event and not one.steps & {"lapsed", "report"}
        return one.message.channel == channel and single

    return kind


def _only_by(channel: str) -> _Kind:
    """Whatever there is, of a channel of which nothing is shown yet."""

    def kind(one: Conversation, chosen: Sequence[Conversation]) -> bool:
        return one.message.channel == channel and all(other.message.channel != channel for other in chosen)

    return kind


_KINDS: tuple[_Kind, ...] = (
    lambda one, _: one.late,
    lambda one, _: one.instead_of is not None,
    _short_list,
    _last_call,
    lambda one, _: one.event and _in_chat(one),
    lambda one, _: one.report and _in_chat(one),
    lambda one, _: one.report and one.message.channel == "email",
    *(_reminder_by(channel) for channel in _SHOWN),
    *(_only_by(channel) for channel in _SHOWN),
)
