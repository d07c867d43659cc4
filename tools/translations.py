"""Keep the translation catalogues: `python tools/translations.py extract|compile|check`.

English stands in the code and is the key; the catalogue holds simplified Chinese. Strings are
found in Python (Django's functions and `kit.messages.message`) and in templates. No gettext
programs are needed: Babel reads and writes the catalogues.
"""

import io
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "regulars"
LANGUAGE = "zh_Hans"
CATALOGUE = SOURCE / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"
COMPILED = CATALOGUE.with_suffix(".mo")

# argument positions of the texts; (n, "c") is a context
_KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "message": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|(?<!\{)\{(\w*)(?:[!:][^{}]*)?\}(?!\})")
_WRITTEN_AT = datetime(2026, 1, 1, tzinfo=UTC)  # a fixed date keeps the file free of noise


def extract() -> int:
    """Rewrite the catalogue: new strings come in empty, vanished ones go out."""
    found = _found()
    catalogue = _read()
    catalogue.update(found, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.creation_date = catalogue.revision_date = _WRITTEN_AT
    catalogue.header_comment = "# Regulars in simplified Chinese, after the glossary in docs."
    catalogue.fuzzy = False
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, sort_output=True, include_lineno=False, ignore_obsolete=True)
    empty = sum(1 for entry in _entries(catalogue) if not _is_translated(entry))
    print(f"{CATALOGUE.relative_to(ROOT)}: {len(catalogue)} strings, {empty} to translate")
    return 0


def compile_catalogue() -> int:
    """Write the binary catalogue that Django loads."""
    with COMPILED.open("wb") as file:
        write_mo(file, _read())
    print(f"{COMPILED.relative_to(ROOT)} written")
    return 0


def check() -> int:
    """Name every string that is missing, doubtful or torn; 0 when there is none."""
    found, kept = _found(), _read()
    faults = [fault for entry in _entries(found) for fault in _faults(entry, kept)]
    for fault in faults:
        print(fault)
    print(f"{len(found)} strings, {len(faults)} faults")
    return 1 if faults else 0


def _faults(entry: Message, kept: Catalog) -> Iterator[str]:
    held = kept.get(entry.id, context=entry.context)
    name = _first(entry.id)
    where = entry.locations[0][0] if entry.locations else "?"
    if held is None or not _is_translated(held):
        yield f"{where}: not translated: {name!r}"
        return
    if held.fuzzy:
        yield f"{where}: marked fuzzy: {name!r}"
    texts = held.string if isinstance(held.string, list | tuple) else (held.string,)
    wanted = _placeholders(_last(entry.id))
    for text in texts:
        if _placeholders(text) != wanted:
            yield f"{where}: placeholders differ: {name!r} and {text!r}"


def _found() -> Catalog:
    catalogue = Catalog(locale=LANGUAGE, domain="django", project="Regulars", charset="utf-8")
    catalogue.creation_date = catalogue.revision_date = _WRITTEN_AT
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" not in path.parts:
            _gather(catalogue, path, path.read_text(encoding="utf-8"))
    templatize = _templatize()
    for path in sorted((SOURCE / "templates").rglob("*")):
        if path.suffix in {".html", ".txt"}:
            _gather(catalogue, path, templatize(path.read_text(encoding="utf-8"), str(path)))
    return catalogue


def _gather(catalogue: Catalog, path: Path, text: str) -> None:
    where = path.relative_to(ROOT).as_posix()
    for line, function, texts, _comments in extract_python(
        io.BytesIO(text.encode()), _KEYWORDS, [], {"encoding": "utf-8"}
    ):
        parts = texts if isinstance(texts, list | tuple) else (texts,)
        for ident, context in _message_of(str(function or ""), parts):
            catalogue.add(ident, None, locations=[(where, line)], context=context)


def _message_of(
    function: str, parts: Sequence[str | None]
) -> Iterator[tuple[str | tuple[str, str], str | None]]:
    positions = _KEYWORDS.get(function)
    if positions is None:
        positions = (1,)
    context: str | None = None
    texts: list[str | None] = []
    for position in positions:
        index = position[0] if isinstance(position, tuple) else position
        value = parts[index - 1] if index <= len(parts) else None
        if isinstance(position, tuple):
            context = value
        else:
            texts.append(value)
    if texts and all(texts):
        said = [text for text in texts if text]
        yield (said[0] if len(said) == 1 else (said[0], said[1])), context


def _templatize() -> Callable[[str, str], str]:
    from django.conf import settings

    if not settings.configured:
        settings.configure(USE_I18N=False)
    from django.utils.translation.template import templatize

    return cast("Callable[[str, str], str]", templatize)


def _read() -> Catalog:
    if not CATALOGUE.exists():
        return Catalog(locale=LANGUAGE, domain="django", project="Regulars", charset="utf-8")
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale=LANGUAGE, domain="django")


def _entries(catalogue: Catalog) -> list[Message]:
    return [entry for entry in catalogue if entry.id]


def _is_translated(entry: Message) -> bool:
    texts = entry.string if isinstance(entry.string, list | tuple) else (entry.string,)
    return all(texts)


def _placeholders(text: str | None) -> Counter[str]:
    return Counter({a or b for a, b in _PLACEHOLDER.findall(text or "")})


def _first(ident: object) -> str:
    return str(ident[0] if isinstance(ident, list | tuple) else ident)


def _last(ident: object) -> str:
    return str(ident[-1] if isinstance(ident, list | tuple) else ident)


def main(arguments: list[str]) -> int:
    """Run one of the three commands."""
    commands = {"extract": extract, "compile": compile_catalogue, "check": check}
    command = commands.get(arguments[0]) if len(arguments) == 1 else None
    if command is None:
        print(f"usage: translations.py {'|'.join(commands)}", file=sys.stderr)
        return 2
    return command()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
