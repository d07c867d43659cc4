"""The log is read by time and by type: the explorer pages through both."""

from django.db import migrations

INDEXES = """
CREATE INDEX event_by_time ON events_event (recorded_at, id);
CREATE INDEX event_by_type ON events_event (type, recorded_at, id);
"""
UNDO = "DROP INDEX event_by_time; DROP INDEX event_by_type;"


class Migration(migrations.Migration):
    dependencies = [("events", "0001_log")]
    operations = [migrations.RunSQL(INDEXES, UNDO)]
