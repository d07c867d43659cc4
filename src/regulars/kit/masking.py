"""What is shown of a personal value to those who may not see all of it."""

_DOUBLE_SURNAMES = frozenset(
    """欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫
    宗政 濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 令狐 百里 呼延
    轩辕""".split()
)


def mask_phone(text: str) -> str:
    """Show the first three and last four digits of a national number: 138****8000."""
    national = text.removeprefix("+86")
    if len(national) < 7:
        return "*" * len(national)
    head = 5 if national.startswith("+") else 3
    return f"{national[:head]}****{national[-4:]}"


def mask_name(text: str) -> str:
    """Show the surname: 林**, 欧阳*, L***."""
    name = text.strip()
    if not name:
        return ""
    if name.isascii():
        return f"{name[0]}***"
    shown = 2 if name[:2] in _DOUBLE_SURNAMES and len(name) > 2 else 1
    return name[:shown] + "*" * max(1, len(name) - shown)


def mask_email(text: str) -> str:
    """Show the first letter and the house: a***@example.com."""
    local, _, house = text.partition("@")
    return f"{local[:1]}***@{house}" if house else "***"


def mask_tail(text: str, shown: int = 4) -> str:
    """Show only the last characters of a card number or an outside id."""
    if len(text) <= shown:
        return "*" * len(text)
    return "*" * min(8, len(text) - shown) + text[-shown:]
