"""Register the whole house with Django and join its apps once all are loaded."""

import gc

from django.apps import AppConfig

COLLECT_AFTER = (20_000, 10, 10)  # a batch makes thousands of values and no rings


class RegularsConfig(AppConfig):
    """The house itself: no tables, only the joining."""

    name = "regulars"
    label = "regulars"

    def ready(self) -> None:
        """Join types, reactions and the permission check."""
        from regulars import wiring  # noqa: PLC0415 services need every app loaded first

        wiring.join()
        gc.set_threshold(*COLLECT_AFTER)
        gc.freeze()  # what is loaded by now stays: collections need not look at it again
