"""What a reader may do with a member: the buttons of the record, each the first page of an act."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext

from regulars.console.domain.cells import RowAction
from regulars.console.domain.members import MemberHead
from regulars.console.pages.tabs import Reading
from regulars.kit.messages import message
from regulars.web.permissions import PERMISSIONS


@dataclass(frozen=True, slots=True)
class Button:
    """One act: its page, its words, its drawing, the permission it takes."""

    name: str
    title: str
    icon: str
    permission: str
    danger: bool = False


VISIBLE = (
    Button("console-member-tag", message("Tag"), "tag", "tags.write"),
    Button("console-member-adjust", message("Adjust points"), "coins", "points.adjust"),
)
MENU = (
    Button("console-member-profile", message("Edit profile"), "pencil", "members.write"),
    Button("console-member-home", message("Change store or associate"), "store", "members.write"),
    Button("console-member-link", message("Link an identity"), "link", "members.write"),
    Button("console-member-consent", message("Record consent"), "shield-check", "consents.write"),
    Button(
        "console-member-merge", message("Merge with another record"), "git-merge", "members.merge"
    ),
    Button("console-member-copy", message("Make a data copy"), "download", "members.export"),
)
FREEZE = Button("console-member-freeze", message("Freeze"), "lock", "members.write", danger=True)
UNFREEZE = Button("console-member-unfreeze", message("Unfreeze"), "lock-open", "members.write")
ERASE = Button("console-member-erase", message("Erase"), "eraser", "members.erase", danger=True)


TAB = {
    "untag": ("console-member-untag", "tags.write"),
    "unlink": ("console-member-unlink", "members.write"),
    "merge": ("console-member-merge", "members.merge"),
}
OFFERS = {
    "link": Button("console-member-link", message("Link an identity"), "", "members.write"),
    "profile": Button("console-member-profile", message("Edit profile"), "", "members.write"),
    "merge": Button("console-member-merge", message("Merge another record"), "", "members.merge"),
    "consent": Button("console-member-consent", message("Record consent"), "", "consents.write"),
    "copy": Button("console-member-copy", message("Make a data copy"), "", "members.export"),
    "tag": Button("console-member-tag", message("Tag"), "", "tags.write"),
}


def visible_actions(reading: Reading, head: MemberHead) -> list[RowAction]:
    """Answer the buttons that stand beside the name; the last one is the primary."""
    return [_offered(each, reading, head) for each in VISIBLE]


def menu_actions(reading: Reading, head: MemberHead) -> list[RowAction]:
    """Answer the acts in the menu, the dangerous ones last."""
    standing = UNFREEZE if head.is_frozen else FREEZE
    return [_offered(each, reading, head) for each in (*MENU, standing, ERASE)]


def tab_offers(reading: Reading, head: MemberHead) -> dict[str, RowAction]:
    """Answer the acts that stand at the head of a card of a tab."""
    return {code: _offered(each, reading, head) for code, each in OFFERS.items()}


def tab_actions(reading: Reading, head: MemberHead) -> dict[str, str]:
    """Answer the addresses of acts beside single rows; the head of the card says why not."""
    if not head.is_living:
        return {}
    public_id = reading.profile.member.public_id
    return {
        code: reverse(name, args=[public_id])
        for code, (name, permission) in TAB.items()
        if reading.may(permission)
    }


def _offered(button: Button, reading: Reading, head: MemberHead) -> RowAction:
    """Answer an act with its page, or with the reason why it cannot be done now."""
    href = reverse(button.name, args=[reading.profile.member.public_id])
    why_not = _why_not(button, reading, head)
    return RowAction(gettext(button.title), href, button.icon, button.danger, why_not)


def _why_not(button: Button, reading: Reading, head: MemberHead) -> str:
    if not head.is_living:
        return gettext("Nothing is done with this record any more: %(status)s.") % {
            "status": gettext(head.status)
        }
    if reading.may(button.permission):
        return ""
    right = gettext(PERMISSIONS[button.permission])
    if reading.actor.may(button.permission):
        return gettext("Your right “%(right)s” does not reach this member.") % {"right": right}
    return gettext("Your roles do not hold the right “%(right)s”.") % {"right": right}
