"""How the office of the demonstration wants to be told: its policy file, and the settings of the notifier beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from deploy.demo.providers.mail import SENDER
from deploy.demo.providers.secrets import Secrets
from deploy.demo.providers.server import Providers
from deploy.demo.providers.sms import SIGN_NAME, TEMPLATES
from deploy.demo.providers.webhook import PATH
from deploy.demo.scenario.office import EVERYBODY, GENERAL_MANAGER, MANAGER
from deploy.local.ports import HOST

CHANNELS = ("dingtalk", "wecom", "feishu", "aliyun-sms", "email", "webhook")
# What is told besides claims that run out. Each of these is decided by an entry behind which the clock rests.
EVENTS = ("kept", "returned", "superseded", "transferred", "disputed", "ruled", "shares")

# 日报 at closing to whoever runs the office, in the group's chat; 周报 by mail on Friday evening: no week has
# ended before the office opened for the first time.
REPORTS = (
    {"report": "daily", "every": "day", "to": {"staff": [MANAGER.staff]}},
    {
        "report": "period",
        "every": "week",
        "ends": "friday",
        "to": {"staff": [GENERAL_MANAGER.staff]},
    },
)


def write_policy(path: Path) -> Path:
    """Who is told by what and in which language; what is due to a person at once is one message."""
    people = {one.staff: {"language": one.language, "channels": list(one.channels)} for one in EVERYBODY}
    policy: dict[str, Any] = {
        "version": 1,
        "defaults": {
            "language": "zh",
            "digest": {"at_opening": True, "threshold": 2},
            "events": list(EVENTS),
            "reports": list(REPORTS),
        },
        "people": people,
    }
    path.write_text(yaml.safe_dump(policy, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def notifier_settings(policy: Path, providers: Providers, secrets: Secrets) -> dict[str, str]:
    """The real senders, with the providers' addresses on this machine."""
    settings = {
        "channels": ",".join(CHANNELS),
        "policy": str(policy),
        "allow_loopback": "true",
        "provider_hosts": HOST,
        "webhook_url": providers.base + PATH,
        "webhook_secret": secrets.webhook,
        "webhook_hosts": HOST,
        "sms_sign_name": SIGN_NAME,
        "aliyun_base": providers.base,
        "aliyun_key_id": secrets.key_id,
        "aliyun_key_secret": secrets.key,
        "aliyun_templates": ",".join(TEMPLATES),
        "smtp_host": HOST,
        "smtp_port": str(providers.mail_port),
        "smtp_sender": SENDER,
        "smtp_security": "none",
    }
    for robot in ("dingtalk", "wecom", "feishu"):
        settings |= {f"{robot}_base": providers.base, f"{robot}_token": secrets.token}
    settings |= {"dingtalk_secret": secrets.key, "feishu_secret": secrets.key}
    return {f"PANKE_NOTIFIER_{name.upper()}": value for name, value in settings.items()}
