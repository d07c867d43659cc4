"""What the console does that leaves a trace: look-ups, lists handed out, views kept."""

from regulars.console.services.exports import (
    EXPORTS,
    ask_export,
    drop_over_exports,
    open_export,
    purge_exports_of,
    write_export,
)
from regulars.console.services.figures import count_figures, get_figures
from regulars.console.services.keeping import (
    change_view,
    delete_view,
    forget_widths,
    keep_columns,
    keep_default,
    keep_width,
    put_steps_away,
    save_view,
)
from regulars.console.services.letters import letter_of
from regulars.console.services.lookups import look_up
from regulars.console.services.notes import open_audit_note
from regulars.console.services.packages import (
    drop_over_packages,
    forget_packages_of,
    make_package,
    read_package,
)
from regulars.console.services.reminders import remind_of_requests
from regulars.console.services.retaining import (
    ask_retention,
    count_under,
    report_retention,
    reports_of,
    retain_nightly,
    run_asked,
    run_retention,
)
from regulars.console.services.stopping import stop_job
from regulars.console.services.tagging import tag_many, untag_many

__all__ = [
    "EXPORTS",
    "ask_export",
    "ask_retention",
    "change_view",
    "count_figures",
    "count_under",
    "delete_view",
    "drop_over_exports",
    "drop_over_packages",
    "forget_packages_of",
    "forget_widths",
    "get_figures",
    "keep_columns",
    "keep_default",
    "keep_width",
    "letter_of",
    "look_up",
    "make_package",
    "open_audit_note",
    "open_export",
    "purge_exports_of",
    "put_steps_away",
    "read_package",
    "remind_of_requests",
    "report_retention",
    "reports_of",
    "retain_nightly",
    "run_asked",
    "run_retention",
    "save_view",
    "stop_job",
    "tag_many",
    "untag_many",
    "write_export",
]
