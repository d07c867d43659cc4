"""Awards are the growth entries: what each order gave is written once, not twice."""

from django.db import migrations, models

FORGOTTEN = """
UPDATE loyalty_award AS a SET growth_counts = false WHERE growth <> 0
    AND NOT EXISTS (SELECT FROM loyalty_growthentry AS g
        WHERE g.member_id = a.member_id AND g.transfer_id = a.growth_transfer_id);
"""
VIEW = """
DELETE FROM loyalty_growthentry WHERE opening_id IS NULL;
CREATE VIEW loyalty_growth AS
    SELECT member_id, growth AS amount, occurred_at, usable_from AS settles_at
    FROM loyalty_award WHERE growth <> 0 AND growth_counts
    UNION ALL
    SELECT member_id, amount, occurred_at, settles_at
    FROM loyalty_growthentry WHERE opening_id IS NOT NULL;
"""
WRITTEN_AGAIN = """
INSERT INTO loyalty_growthentry (id, member_id, origin_member_id, transfer_id, amount,
    occurred_at, settles_at)
SELECT nextval('loyalty_growthentry_id_seq'), member_id, origin_member_id, growth_transfer_id,
    growth, occurred_at, usable_from
FROM loyalty_award WHERE growth <> 0 AND growth_counts;
"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0002_openings_know_what_ended_them")]

    operations = [
        migrations.AddField(
            "award", "growth_counts", models.BooleanField(default=True, db_default=True)
        ),
        migrations.AddIndex(
            "award",
            models.Index(
                condition=models.Q(
                    models.Q(("growth", 0), _negated=True), ("usable_from__isnull", False)
                ),
                fields=["usable_from"],
                name="award_by_settling",
            ),
        ),
        migrations.RunSQL(FORGOTTEN + VIEW, "DROP VIEW loyalty_growth;" + WRITTEN_AGAIN),
    ]
