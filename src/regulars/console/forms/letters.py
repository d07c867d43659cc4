"""What is asked before rejected rows are dropped."""

from regulars.console.domain.operations import DROP_REASONS
from regulars.console.forms.base import ConsoleForm
from regulars.console.forms.fields import ReasonField


class DropForm(ConsoleForm):
    """Why rejected rows are dropped."""

    reason = ReasonField(DROP_REASONS)
