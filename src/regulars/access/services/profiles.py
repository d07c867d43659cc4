"""What people change about their own account: name, language, password."""

from datetime import datetime

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction

from regulars.access.domain import Actor
from regulars.access.domain.factors import FactorRefused
from regulars.access.domain.profiles import LanguageUnknown, check_staff_name
from regulars.access.selectors import staff as selectors
from regulars.access.services import roles, tries
from regulars.access.services.passwords import matches_password
from regulars.access.services.proving import has_password, password_of
from regulars.access.services.staff import change_password
from regulars.web import sql

LANGUAGES = ("zh-hans", "en")


@transaction.atomic
def change_profile(*, staff_id: int, name: str, language: str, actor: Actor, at: datetime) -> None:
    """Change the name colleagues see, and the language of the pages. Raises StaffNameWrong."""
    staff = selectors.get_staff(staff_id=staff_id)
    shown = check_staff_name(name)
    if language not in LANGUAGES:
        raise LanguageUnknown
    sql.run(
        "UPDATE access_staff SET name_sealed = %s::bytea, language = %s::text"
        " WHERE id = %s::bigint",
        [
            selectors.sealed(shown, column="name", public_id=staff.public_id),
            language,
            staff_id,
        ],
    )
    roles.note(actor, "staff.profile_changed", staff.public_id, at, language=language)


def change_own_password(
    *, staff_id: int, current: str, password: str, network: str, actor: Actor, at: datetime
) -> None:
    """Set a new password after the one that holds; every open session of the account ends.

    An account that has no password yet sets its first one. Raises FactorRefused, PasswordWeak.
    """
    if has_password(staff_id=staff_id):
        keys = tries.keys_of(str(staff_id), network, of="factor.")
        is_open = tries.count_try(keys, at=at)
        kept = password_of(staff_id) if is_open else UNUSABLE_PASSWORD_PREFIX
        if not matches_password(current, kept):
            raise FactorRefused
        tries.count_success(keys, at=at)
    change_password(staff_id=staff_id, password=password, actor=actor, at=at)
