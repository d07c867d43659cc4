"""The checks of the apps above, joined once at start: the ledger asks them beside its own."""

from collections.abc import Sequence

from regulars.ledger.domain import Check, Sample
from regulars.ledger.selectors.checks import CHECKS

_installed: tuple[tuple[Check, ...], tuple[Sample, ...]] = ((), ())


def install_checks(*, checks: Sequence[Check] = (), samples: Sequence[Sample] = ()) -> None:
    """Say which checks and samples of other apps belong to every run."""
    global _installed  # noqa: PLW0603 joined once at start, like the reactions of the log
    _installed = (tuple(checks), tuple(samples))


def installed_checks() -> tuple[Check, ...]:
    """Answer the checks of the other apps."""
    return _installed[0]


def installed_samples() -> tuple[Sample, ...]:
    """Answer what full runs try on a sample."""
    return _installed[1]


def list_checks() -> dict[str, str]:
    """Answer what every check means, by name; the sentences are marked for translation."""
    checks = {check.name: check.says for check in (*CHECKS, *_installed[0])}
    return checks | {sample.name: sample.says for sample in _installed[1]}
