"""Write docs/reference from the code itself, or check that it is true.

`python tools/reference.py write` writes; `check` exits 1 and names the stale pages. The test
suite runs the check, so the reference cannot drift.
"""

import ast
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import django

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "reference"
NOTE = "<!-- Written by tools/reference.py from the code; do not edit. -->\n\n"


def events_page() -> str:
    """Tell every event type with its facts and what of them may leave the house."""
    from regulars.events import services

    lines = ["# Events\n", "Every fact the log can hold. No fact is personal data.\n"]
    for name, kind in sorted(services.catalogue().types.items()):
        lines += [f"## `{name}` v{kind.version}\n", f"{kind.title}\n"]
        properties = kind.schema.get("properties", {})
        if properties:
            lines += ["| fact | type | may leave the house |", "| --- | --- | --- |"]
            for fact, shape in properties.items():
                public = "yes" if fact in kind.public else ""
                lines.append(f"| `{fact}` | {_type_of(shape)} | {public} |")
            lines.append("")
    return "\n".join(lines)


def _type_of(shape: dict[str, Any]) -> str:
    if "enum" in shape:
        return ", ".join(map(str, shape["enum"]))
    kind = shape.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def refusals_page() -> str:
    """Tell every refusal: code, kind, status, sentence."""
    from regulars.kit.errors import every_refusal
    from regulars.web.idempotency import STATUS_OF

    import_everything()
    lines = ["# Refusals\n", "Every anticipated no, by code.\n"]
    lines += ["| code | kind | HTTP | what it says |", "| --- | --- | --- | --- |"]
    for kind in every_refusal():
        status = STATUS_OF[kind.kind]
        sentence = kind.reason.replace("|", "\\|")
        lines.append(f"| `{kind.name()}` | {kind.kind.value} | {status} | {sentence} |")
    return "\n".join(lines) + "\n"


def import_everything() -> None:
    """Import every module of the product, so that every class is known."""
    import regulars

    for info in pkgutil.walk_packages(regulars.__path__, "regulars."):
        if "migrations" not in info.name and not info.name.endswith("__main__"):
            importlib.import_module(info.name)


def settings_page() -> str:
    """Tell every deployment setting with its default and meaning."""
    from regulars import settings

    lines = ["# Deployment settings\n"]
    lines.append(
        "Environment variables, read once at start. `NAME_FILE` may name a file instead.\n"
    )
    lines += ["| name | default | meaning |", "| --- | --- | --- |"]
    for name, default in sorted(_setting_calls()):
        lines.append(f"| `{name}` | {default or '—'} | {settings.MEANINGS[name]} |")
    return "\n".join(lines) + "\n"


def _setting_calls() -> Iterator[tuple[str, str]]:
    tree = ast.parse((ROOT / "src/regulars/settings.py").read_text(encoding="utf-8"))
    seen = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"setting", "flag", "number"}
            and isinstance(node.args[0], ast.Constant)
            and node.args[0].value not in seen
        ):
            seen.add(node.args[0].value)
            second = node.args[1] if len(node.args) > 1 else None
            default = f"`{second.value}`" if isinstance(second, ast.Constant) else ""
            yield str(node.args[0].value), "" if default == "``" else default


def commands_page() -> str:
    """Tell every command with its options."""
    from regulars.cli import main

    lines = ["# Commands\n", "`.venv/bin/regulars COMMAND`; every command knows `--help`.\n"]
    lines.extend(_commands(main, "regulars"))
    return "\n".join(lines) + "\n"


def _commands(group: click.Group, path: str) -> Iterator[str]:
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        assert command is not None
        full = f"{path} {name}"
        if isinstance(command, click.Group):
            yield from _commands(command, full)
            continue
        usage = " ".join(command.collect_usage_pieces(click.Context(command)))
        yield f"## `{full}`\n"
        yield f"{(command.help or '').strip()}\n"
        yield f"`{full} {usage}`\n"
        for option in command.params:
            if isinstance(option, click.Option) and option.help:
                yield f"- `{option.opts[0]}`: {option.help}"
        yield ""


def api_page() -> str:
    """Tell every operation of the API with its permission."""
    from regulars.urls import api

    lines = ["# API\n", "`/api/v1/openapi.json` has the shapes and examples.\n"]
    lines += ["| operation | permission | what it does |", "| --- | --- | --- |"]
    schema = api.get_openapi_schema()
    for path, operations in sorted(schema["paths"].items()):
        for method, operation in operations.items():
            permission = operation.get("x-permission", "")
            summary = operation.get("summary", "")
            lines.append(f"| `{method.upper()} {path}` | `{permission}` | {summary} |")
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "events.md": events_page,
    "refusals.md": refusals_page,
    "settings.md": settings_page,
    "commands.md": commands_page,
    "api.md": api_page,
}


def stale_pages() -> list[str]:
    """Name the pages that do not say what the code says."""
    return [
        name
        for name, write in PAGES.items()
        if not (OUT / name).exists() or (OUT / name).read_text(encoding="utf-8") != NOTE + write()
    ]


def main(mode: str) -> int:
    """Write the pages, or check them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
    django.setup()
    if mode == "write":
        OUT.mkdir(parents=True, exist_ok=True)
        for name, write in PAGES.items():
            (OUT / name).write_text(NOTE + write(), encoding="utf-8")
        return 0
    stale = stale_pages()
    if stale:
        print(f"Stale: {', '.join(stale)}. Run: .venv/bin/python tools/reference.py write")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
