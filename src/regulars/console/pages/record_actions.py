"""What a reader may do with a member: the buttons of the record, each the first page of an act."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext

from regulars.console.domain.cells import RowAction
from regulars.console.domain.members import MemberHead
from regulars.console.pages.tabs import Reading
from regulars.kit.messages import message


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


def visible_actions(reading: Reading, head: MemberHead) -> list[RowAction]:
    """Answer the buttons that stand beside the name; the last one is the primary."""
    return _offered(reading, VISIBLE) if head.is_living else []


def menu_actions(reading: Reading, head: MemberHead) -> list[RowAction]:
    """Answer the acts in the menu, the dangerous ones last."""
    if not head.is_living:
        return []
    standing = UNFREEZE if head.is_frozen else FREEZE
    return _offered(reading, (*MENU, standing, ERASE))


def tab_actions(reading: Reading, head: MemberHead) -> dict[str, str]:
    """Answer the addresses of acts that stand beside single rows of a tab."""
    if not head.is_living:
        return {}
    wanted = {
        "untag": ("console-member-untag", "tags.write"),
        "unlink": ("console-member-unlink", "members.write"),
        "profile": ("console-member-profile", "members.write"),
        "link": ("console-member-link", "members.write"),
        "consent": ("console-member-consent", "consents.write"),
        "copy": ("console-member-copy", "members.export"),
        "tag": ("console-member-tag", "tags.write"),
        "merge": ("console-member-merge", "members.merge"),
        "adjust": ("console-member-adjust", "points.adjust"),
    }
    public_id = reading.profile.member.public_id
    return {
        code: reverse(name, args=[public_id])
        for code, (name, permission) in wanted.items()
        if reading.may(permission)
    }


def _offered(reading: Reading, buttons: tuple[Button, ...]) -> list[RowAction]:
    public_id = reading.profile.member.public_id
    return [
        RowAction(gettext(each.title), reverse(each.name, args=[public_id]), each.icon, each.danger)
        for each in buttons
        if reading.may(each.permission)
    ]
