"""Most events tell of orders; the index by type leaves them out, and their writing costs less."""

from django.db import migrations

RARE = """
DROP INDEX event_by_type;
CREATE INDEX event_by_rare_type ON events_event (type, recorded_at, id)
    WHERE type <> 'order.recorded';
"""
UNDO = """
DROP INDEX event_by_rare_type;
CREATE INDEX event_by_type ON events_event (type, recorded_at, id);
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0003_letters_know_whom_they_name")]
    operations = [migrations.RunSQL(RARE, UNDO)]
