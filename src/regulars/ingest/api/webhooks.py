"""The generic signed webhook: checked over the raw bytes, kept, answered 202, applied by a job.

Headers and signature follow Standard Webhooks (webhook-id, webhook-timestamp,
webhook-signature). The body is `{"type": "orders", "rows": [...]}` with the rows of the batch
API; `type` is one of stores, products, members, orders, refunds, events.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from regulars.ingest import services
from regulars.ingest.api.raw import answer, read_raw, refused
from regulars.kit.errors import Refusal
from regulars.web import clock
from regulars.web.permissions import public

_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


@csrf_exempt
@public
def receive_webhook(request: HttpRequest, source: str) -> HttpResponse:
    """Take one delivery; a message id is accepted once, the same body again answers the same."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        is_new = services.receive_delivery(
            source_id=source,
            headers={name: request.headers.get(name, "") for name in _HEADERS},
            body=read_raw(request),
            at=clock.now(),
        )
    except Refusal as no:
        return refused(no)
    return answer({"received": True, "new": is_new}, status=202)
