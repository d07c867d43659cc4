"""Looking at pages in tests: what a page says, and how many questions it asks of the database."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

QUERIES_MAX = 17


def text_of(browser: Client, path: str, *, status: int = 200) -> str:
    """Answer the text of a page that answers as expected."""
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.content[:600])
    return answer.content.decode()


def sent(browser: Client, path: str, data: dict[str, object], *, status: int = 200) -> str:
    """Send a form and answer what comes back."""
    answer = browser.post(path, data)
    assert answer.status_code == status, (path, answer.status_code, answer.content[:600])
    return answer.content.decode()


def questions(browser: Client, path: str) -> int:
    """Count the questions a page asks; it asks no more than a page may."""
    browser.get(path)
    with CaptureQueriesContext(connection) as asked:
        text_of(browser, path)
    shown = "\n".join(each["sql"][:110] for each in asked.captured_queries)
    assert len(asked) <= QUERIES_MAX, f"{len(asked)} questions:\n{shown}"
    return len(asked)


def hidden(page: str, name: str) -> str:
    """Read a hidden field of a page."""
    _, _, rest = page.partition(f'name="{name}" value="')
    assert rest, f"no field {name}"
    return rest.partition('"')[0]
