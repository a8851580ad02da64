"""The kinds of ids, each a type of its own, so that none is taken for another: texts on the wire and when it runs."""

from __future__ import annotations

from typing import NewType

ScopeId = NewType("ScopeId", str)
OfficeId = NewType("OfficeId", str)
EventId = NewType("EventId", str)
StaffId = NewType("StaffId", str)
CustomerId = NewType("CustomerId", str)
VisitId = NewType("VisitId", str)
DealId = NewType("DealId", str)
DisputeId = NewType("DisputeId", str)
PlanId = NewType("PlanId", str)
FeedbackId = NewType("FeedbackId", str)
ReservationId = NewType("ReservationId", str)
RequestId = NewType("RequestId", str)
CheckId = NewType("CheckId", str)
Contact = NewType("Contact", str)
"""A phone in E.164, or `wechat:<id>`, by which records are found to be of one customer."""
