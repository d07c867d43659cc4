"""Passkeys (WebAuthn): ask a browser for one, check what it answers, keep its public key.

The protocol is `fido2`'s. What we add: the origin must be ours to the letter, each question is
answered once, and a counter that went back is refused, because then somebody has a copy.
"""

import json
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from regulars.access import domain
from regulars.access.domain import (
    Actor,
    AuditResult,
)
from regulars.access.domain.factors import (
    PASSKEYS_MAX,
    ChallengePurpose,
    FactorKind,
    FactorRefused,
    FactorTaken,
    check_factor_name,
    is_counter_sound,
)
from regulars.access.selectors import factors as selectors
from regulars.access.selectors import staff as accounts
from regulars.access.services import challenges
from regulars.access.services.audit import audit
from regulars.access.services.factors import add_factor
from regulars.web import sql

_ANSWER_BYTES_MAX = 20_000
# What fido2 raises over bytes that are no answer of a browser, as mutated answers have shown.
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, struct.error)


@dataclass(frozen=True, slots=True)
class Site:
    """Where the browser believes to be: `https://house.example`."""

    origin: str

    @property
    def host(self) -> str:
        return urlsplit(self.origin).hostname or ""

    def is_here(self, origin: str) -> bool:
        return origin == self.origin


def begin_passkey(*, staff_id: int, site: Site, at: datetime) -> tuple[int, dict[str, Any]]:
    """Ask the browser to make a passkey; answers the question's id and what the browser is told."""
    staff = accounts.get_staff(staff_id=staff_id)
    kept = selectors.list_secrets(staff_id=staff_id, kind=FactorKind.PASSKEY)
    if len(kept) >= PASSKEYS_MAX:
        raise FactorTaken
    options, state = _server(site).register_begin(
        PublicKeyCredentialUserEntity(
            id=staff.public_id.bytes, name=staff.email, display_name=staff.name
        ),
        credentials=[AttestedCredentialData(each.secret) for each in kept],
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    question = challenges.begin_challenge(
        purpose=ChallengePurpose.ENROL, staff_id=staff_id, at=at, state=_plain(state)
    )
    return question, _plain(options)


def confirm_passkey(
    *,
    staff_id: int,
    challenge_id: int,
    answer: str,
    name: str,
    site: Site,
    actor: Actor,
    at: datetime,
) -> list[str]:
    """Keep the passkey that the browser made; answers recovery codes if it is the first factor.

    Raises FactorRefused, ChallengeOver, FactorTaken, FactorNameWrong.
    """
    check_factor_name(name)
    state = challenges.take_try(
        challenge_id, purpose=ChallengePurpose.ENROL, staff_id=staff_id, at=at
    )
    try:
        told = RegistrationResponse.from_dict(_read(answer))
        made = _server(site).register_complete(state, told)
    except UNREADABLE as error:
        raise FactorRefused from error
    assert made.credential_data is not None
    with transaction.atomic():
        challenges.close_challenge(challenge_id, at=at)
        return add_factor(
            staff_id=staff_id,
            kind=FactorKind.PASSKEY,
            name=name,
            secret=bytes(made.credential_data),
            credential_id=made.credential_data.credential_id,
            counter=made.counter,
            actor=actor,
            at=at,
        )


def ask_for_passkey(
    *, staff_id: int | None, purpose: ChallengePurpose, site: Site, at: datetime
) -> tuple[int, dict[str, Any]]:
    """Ask the browser to show a passkey: of this account, or of whoever sits there."""
    kept = (
        selectors.list_secrets(staff_id=staff_id, kind=FactorKind.PASSKEY)
        if staff_id is not None
        else []
    )
    options, state = _server(site).authenticate_begin(
        credentials=[AttestedCredentialData(each.secret) for each in kept] or None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    question = challenges.begin_challenge(
        purpose=purpose, staff_id=staff_id, at=at, state=_plain(state)
    )
    return question, _plain(options)


def prove_by_passkey(
    *,
    staff_id: int | None,
    challenge_id: int,
    purpose: ChallengePurpose,
    answer: str,
    site: Site,
    network: str,
    at: datetime,
) -> int:
    """Check what the browser showed; answers whose passkey it is.

    With `staff_id` given it must be that account's. Raises FactorRefused, ChallengeOver.
    """
    state = challenges.take_try(challenge_id, purpose=purpose, staff_id=staff_id, at=at)
    told, held = _told(answer)
    is_theirs = held is not None and staff_id in {None, held.staff_id}
    if told is None or held is None or not is_theirs or not _is_shown(state, told, held, site):
        raise FactorRefused
    with transaction.atomic():
        challenges.close_challenge(challenge_id, at=at)
        moved = _move_counter(held, told.response.authenticator_data.counter, at=at)
    if not moved:
        _note_copied(held.staff_id, held.public_id, network, at=at)
        raise FactorRefused
    return held.staff_id


def _server(site: Site) -> Fido2Server:
    return Fido2Server(
        PublicKeyCredentialRpEntity(id=site.host, name="Regulars"), verify_origin=site.is_here
    )


def _told(answer: str) -> tuple[AuthenticationResponse | None, selectors.Secret | None]:
    try:
        told = AuthenticationResponse.from_dict(_read(answer))
    except UNREADABLE:
        return None, None
    return told, selectors.find_passkey(credential_id=told.raw_id)


def _is_shown(
    state: dict[str, Any], told: AuthenticationResponse, held: selectors.Secret, site: Site
) -> bool:
    """Check challenge, origin, flags and signature, and that the handle names the same account."""
    handle = told.response.user_handle
    if handle is not None and handle != _public_id(held.staff_id).bytes:
        return False
    try:
        _server(site).authenticate_complete(state, [AttestedCredentialData(held.secret)], told)
    except UNREADABLE:
        return False
    return True


def _move_counter(held: selectors.Secret, told: int, *, at: datetime) -> bool:
    """Write the counter down; answers False where it did not move on."""
    if not is_counter_sound(kept=held.counter, told=told):
        return False
    return bool(
        sql.run(
            "UPDATE access_factor SET counter = %s::bigint, used_at = %s::timestamptz"
            " WHERE id = %s::bigint AND counter = %s::bigint",
            [told, at, held.id, held.counter],
        )
    )


def _public_id(staff_id: int) -> UUID:
    return accounts.get_staff(staff_id=staff_id).public_id


def _note_copied(staff_id: int, public_id: UUID, network: str, *, at: datetime) -> None:
    audit(
        actor=Actor("nobody", 0, "", frozenset(), domain.Scope()),
        action="staff.proof",
        object_kind="staff",
        object_id=str(_public_id(staff_id)),
        at=at,
        result=AuditResult.REFUSED,
        reason_code="passkey_counter",
        details={"factor": str(public_id)},
        network=network,
    )


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > _ANSWER_BYTES_MAX:
        raise ValueError("an answer of a browser is shorter")
    told = json.loads(answer)
    if not isinstance(told, dict):
        raise TypeError("an answer of a browser is an object")
    return told


def _plain(value: Any) -> dict[str, Any]:
    """Write what `fido2` hands out as plain values of JSON."""

    def plain(each: Any) -> Any:
        if isinstance(each, bytes):
            return websafe_encode(each)
        if hasattr(each, "items"):
            return {key: plain(item) for key, item in each.items()}
        if isinstance(each, list | tuple):
            return [plain(item) for item in each]
        return each if each is None or isinstance(each, str | int) else str(each)

    found: dict[str, Any] = plain(value)
    return found
