"""What people say about themselves: a name that colleagues see."""

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

STAFF_NAME_LENGTH_MAX = 100


class StaffNameWrong(Refusal):
    """A name is empty, too long, or holds what cannot be shown."""

    kind = Kind.INVALID
    reason = message("Give a name of 1 to {longest} characters.")


class LanguageUnknown(Refusal):
    """The pages are not written in this language."""

    kind = Kind.INVALID
    reason = message("The pages are in 简体中文 and English.")


def check_staff_name(name: str) -> str:
    """Answer the name without blanks around it; raises StaffNameWrong."""
    clean = " ".join(name.split())
    if not 0 < len(clean) <= STAFF_NAME_LENGTH_MAX or not clean.isprintable():
        raise StaffNameWrong(longest=STAFF_NAME_LENGTH_MAX)
    return clean
