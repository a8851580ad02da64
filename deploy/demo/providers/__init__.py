"""The other side of the alerts: what stands here for DingTalk, WeCom, Feishu, Aliyun's SMS, a mail server, a webhook.

The senders of the notifier call it as they would call the providers, whose addresses are settings. It checks what
the providers check and answers as they do, with the code in the body, and keeps each message as a person sees it.
"""
