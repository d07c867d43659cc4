"""Two contracts for import-linter: apps meet at their doors; some libraries stay in some rooms."""

import fnmatch
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


def _matches(module: str, pattern: str) -> bool:
    """Match dotted names: `*` is one step, `**` any number of steps."""
    if pattern.endswith(".**"):
        head = pattern.removesuffix(".**")
        steps = module.split(".")
        return any(_matches(".".join(steps[:n]), head) for n in range(1, len(steps) + 1))
    names, wanted = module.split("."), pattern.split(".")
    return len(names) == len(wanted) and all(map(fnmatch.fnmatchcase, names, wanted))


class DoorsContract(Contract):
    """An app is entered by another app only through its public modules."""

    root = fields.StringField()
    apps = fields.ListField(subfield=fields.StringField())
    doors = fields.ListField(subfield=fields.StringField())
    composition = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001
        """Look at every import that crosses from one app into another."""
        broken = sorted(
            f"{importer} imports {imported}"
            for importer in graph.modules
            if importer.startswith(f"{self.root}.")
            for imported in graph.find_modules_directly_imported_by(importer)
            if self._is_break_in(importer, imported)
        )
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name the imports that go through a wall."""
        for line in check.metadata["broken"]:
            output.print_error(line)

    def _is_break_in(self, importer: str, imported: str) -> bool:
        here, there = importer.split("."), imported.split(".")
        if len(there) < 3 or there[0] != self.root or there[1] not in list(self.apps):
            return False
        if here[1] == there[1] or here[1] in list(self.composition):
            return False
        return there[2] not in list(self.doors)


class OnlyInContract(Contract):
    """A library is imported only in the modules that are named for it."""

    library = fields.StringField()
    allowed = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001
        """Look at every module that imports the library."""
        broken: list[str] = []
        wanted: Any = self.library
        if wanted in graph.modules:
            broken = sorted(
                f"{module} imports {wanted}"
                for module in graph.find_modules_that_directly_import(wanted)
                if not any(_matches(module, pattern) for pattern in self.allowed)
            )
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name the modules that opened the tap."""
        for line in check.metadata["broken"]:
            output.print_error(line)
