"""Write to the log: append with inline reactions, bury what fails, keep partitions ahead."""

from regulars.events.services.append import append, catalogue, install
from regulars.events.services.bury import bury, drop_batch, forget_members, letter_sweeps, settle
from regulars.events.services.log import make_partitions, mend_epoch, raise_epoch
from regulars.events.services.replaying import replay_event

__all__ = [
    "append",
    "bury",
    "catalogue",
    "drop_batch",
    "forget_members",
    "install",
    "letter_sweeps",
    "make_partitions",
    "mend_epoch",
    "raise_epoch",
    "replay_event",
    "settle",
]
