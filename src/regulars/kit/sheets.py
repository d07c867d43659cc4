"""What a cell of a file that leaves the house may hold: never a formula."""

_DANGEROUS = frozenset("=+-@|%\t\r\n\x00＝＋－＠｜％")


def safe_cell(text: str) -> str:
    """Write a cell so that no spreadsheet takes it for a formula.

    A cell that begins like one, also behind spaces of any width, gets an apostrophe in front;
    null bytes are taken out. The reader of imports takes the apostrophe off again.
    """
    cleaned = text.replace("\x00", "")
    start = cleaned.lstrip(" \u3000\u00a0\u2002\u2003\u2009\u200b\ufeff")
    if text[:1] == "\x00" or (start and start[0] in _DANGEROUS):
        return f"'{cleaned}"
    return cleaned
