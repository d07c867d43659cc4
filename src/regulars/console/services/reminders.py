"""Warn in time: privacy requests whose answer is due soon."""

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from regulars.access import selectors as access
from regulars.kit.messages import message
from regulars.members import services as members
from regulars.web import notices

WARNING = message("{share}% of the time for request {mark} is used.")


@transaction.atomic
def remind_of_requests(*, at: datetime) -> int:
    """Tell whoever works on a request, or everybody at the desk; answers how many requests."""
    due = members.remind_of_requests(at=at)
    desk = [f"staff:{one}" for one in access.staff_with(permission="privacy.manage", at=at)]
    lines = [
        notices.Line(
            owner,
            {"share": min(request.used(at), 100), "mark": request.mark},
            reverse("console-privacy-request", args=[request.public_id]),
        )
        for request in due
        for owner in ([f"staff:{request.assigned_to}"] if request.assigned_to else desk)
    ]
    notices.tell_each(lines, words=WARNING, at=at)
    return len(due)
