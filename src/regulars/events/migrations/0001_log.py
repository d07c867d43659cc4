"""The event log: partitioned events, keys, epoch, cursors, dead letters."""

import django.db.models
from django.db import migrations, models

EVENT = """
CREATE SEQUENCE events_event_id_seq INCREMENT BY 1000;
CREATE TABLE events_event (
    id bigint NOT NULL,
    type text NOT NULL,
    version smallint NOT NULL,
    member_id bigint,
    store_id bigint,
    source_id bigint,
    batch_id bigint,
    cause_id bigint,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    epoch integer NOT NULL,
    xact xid8 NOT NULL,
    facts jsonb NOT NULL,
    CONSTRAINT event_id_unique_in_month PRIMARY KEY (id, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX event_by_cursor ON events_event (epoch, xact, id);
CREATE INDEX event_by_member ON events_event (member_id, occurred_at DESC, id DESC)
    WHERE member_id IS NOT NULL;
CREATE TABLE events_event_rest PARTITION OF events_event DEFAULT;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON events_event
    FOR EACH ROW EXECUTE FUNCTION regulars_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON events_event
    FOR EACH STATEMENT EXECUTE FUNCTION regulars_append_only();
"""
PARTITIONS = """
CREATE FUNCTION events_make_partitions(first timestamptz, months integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    opening timestamptz;
    closing timestamptz;
    place text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('events_make_partitions'));
    FOR step IN 0 .. months - 1 LOOP
        opening := date_trunc('month', first AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
            + make_interval(months => step);
        closing := opening + interval '1 month';
        place := format('events_event_%s', to_char(opening AT TIME ZONE 'UTC', 'YYYYMM'));
        IF to_regclass(place) IS NULL AND NOT EXISTS (
            SELECT 1 FROM events_event_rest
            WHERE recorded_at >= opening AND recorded_at < closing
        ) THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF events_event FOR VALUES FROM (%L) TO (%L)',
                place, opening, closing
            );
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;
SELECT events_make_partitions(clock_timestamp(), 4);
"""
UNDO = """
DROP FUNCTION events_make_partitions(timestamptz, integer);
DROP TABLE events_event;
DROP SEQUENCE events_event_id_seq;
"""
EPOCH = "INSERT INTO events_logepoch (id, epoch) VALUES (1, 1)"


class Migration(migrations.Migration):
    initial = True
    dependencies = [("web", "0001_installation")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(EVENT + PARTITIONS, UNDO)],
            state_operations=[
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("type", models.TextField()),
                        ("version", models.SmallIntegerField()),
                        ("member_id", models.BigIntegerField(null=True)),
                        ("store_id", models.BigIntegerField(null=True)),
                        ("source_id", models.BigIntegerField(null=True)),
                        ("batch_id", models.BigIntegerField(null=True)),
                        ("cause_id", models.BigIntegerField(null=True)),
                        ("occurred_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        ("epoch", models.IntegerField()),
                        ("facts", models.JSONField()),
                    ],
                    options={"managed": True},
                )
            ],
        ),
        migrations.CreateModel(
            name="EventKey",
            fields=[
                (
                    "pk",
                    django.db.models.CompositePrimaryKey(
                        "source_id",
                        "message_hash",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("source_id", models.BigIntegerField()),
                ("message_hash", models.BinaryField()),
                ("body_hash", models.BinaryField()),
                ("event_id", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="LogEpoch",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("epoch", models.IntegerField(default=1)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="log_epoch_is_one")
                ],
            },
        ),
        migrations.RunSQL(EPOCH, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Cursor",
            fields=[
                ("consumer", models.TextField(primary_key=True, serialize=False)),
                ("epoch", models.IntegerField(default=0)),
                ("xact", models.TextField(default="0")),
                ("event_id", models.BigIntegerField(default=0)),
                ("attempts", models.IntegerField(default=0)),
                ("retry_at", models.DateTimeField(null=True)),
                ("error_code", models.TextField(default="")),
                ("moved_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="DeadLetter",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("state", models.TextField(default="open")),
                ("consumer", models.TextField(default="")),
                ("event_id", models.BigIntegerField(null=True)),
                ("source_id", models.BigIntegerField(null=True)),
                ("batch_id", models.BigIntegerField(null=True)),
                ("member_id", models.BigIntegerField(null=True)),
                ("body", models.BinaryField(null=True)),
                ("error_code", models.TextField()),
                ("error_facts", models.JSONField(default=dict)),
                ("attempts", models.IntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "id"], name="dead_letter_by_state"),
                    models.Index(fields=["member_id"], name="dead_letter_by_member"),
                    models.Index(fields=["consumer", "member_id"], name="dead_letter_by_consumer"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "replayed", "dropped"])),
                        name="dead_letter_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["row", "webhook", "event"])),
                        name="dead_letter_kind_known",
                    ),
                ],
            },
        ),
    ]
