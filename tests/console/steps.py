"""The steps of an act as a browser takes them: preview, read what is shown, confirm."""

import html
import re
from collections.abc import Mapping
from typing import Any

from django.test import Client


def text_of(browser: Client, path: str) -> str:
    """Open a page that must be there."""
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.content[:400])
    return answer.content.decode()


def previewed(browser: Client, path: str, said: Mapping[str, str]) -> str:
    """Send the form of an act and answer the page that shows what it will do."""
    answer = browser.post(path, {"step": "preview", **said})
    page = answer.content.decode()
    assert answer.status_code == 200, (path, answer.status_code, errors_in(page))
    assert 'name="act_id"' in page, errors_in(page)
    return page


def confirmed(browser: Client, path: str, page: str, **more: str) -> Any:
    """Send the page that shows what an act will do, as it is."""
    form = page.split('name="step" value="do"', 1)[1].split("</form>", 1)[0]
    said: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        said.setdefault(name, []).append(html.unescape(value))
    return browser.post(path, {**said, "step": "do", **more})


def impacts_of(page: str) -> dict[str, tuple[str, str]]:
    """Read the lines of a preview: what stands before, what afterwards."""
    table = page.split('<table class="table impacts">', 1)[1].split("</table>", 1)[0]
    lines: dict[str, tuple[str, str]] = {}
    for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table, flags=re.DOTALL)[1:]:
        label = re.search(r'<th scope="row">(.*?)(?:<small|</th>)', row, flags=re.DOTALL)
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row, flags=re.DOTALL)
        assert label is not None
        before, after = cells if len(cells) == 2 else ("", cells[0])
        lines[html.unescape(label[1]).strip()] = (html.unescape(before), html.unescape(after))
    return lines


def errors_in(page: str) -> list[str]:
    """Read the errors a page shows."""
    found = re.findall(
        r'class="error"[^>]*>(.*?)</p>|role="alert"[^>]*>(.*?)</div>', page, re.DOTALL
    )
    return [re.sub(r"<[^>]+>", " ", one or other).strip() for one, other in found]
