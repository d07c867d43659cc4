"""What several pages of proofs draw alike: the QR code of a secret, the recovery codes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import qrcode
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString, mark_safe
from qrcode.image.svg import SvgPathFillImage

from regulars.access import services
from regulars.access.domain.factors import (
    ChallengeOver,
    totp_address,
    totp_text,
)
from regulars.web.pages import render

ISSUER = "Regulars"


def qr_code(text: str) -> SafeString:
    """Draw text as a QR code in SVG, here on the server; the text itself is nowhere in it."""
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=2)
    code.add_data(text)
    drawn: str = code.make_image(image_factory=SvgPathFillImage).to_string(encoding="unicode")
    return mark_safe(drawn)  # noqa: S308 squares of a drawing, made by a package of ours


def totp_context(
    *, staff_id: int, email: str, challenge_id: int | None, at: datetime
) -> tuple[int, dict[str, Any]]:
    """Answer the question that waits for the first code, the same one on every reload."""
    try:
        secret = services.pending_totp(
            staff_id=staff_id, challenge_id=int(challenge_id or 0), at=at
        )
        challenge = int(challenge_id or 0)
    except ChallengeOver:
        challenge, secret = services.begin_totp(staff_id=staff_id, at=at)
    address = totp_address(secret, issuer=ISSUER, account=email)
    return challenge, {
        "qr": qr_code(address),
        "secret": " ".join(_groups(totp_text(secret))),
    }


def recovery_codes_page(
    request: HttpRequest, codes: Sequence[str], *, next_href: str
) -> HttpResponse:
    """Show recovery codes, this once."""
    context = {"codes": list(codes), "next_href": next_href}
    return render(request, "access/recovery_codes.html", context)


def _groups(text: str) -> list[str]:
    return [text[start : start + 4] for start in range(0, len(text), 4)]
