"""The audit log is read by action, by actor over time, and by what did not go well."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0003_second_factors_and_sessions")]

    operations = [
        migrations.RemoveIndex("auditentry", "audit_by_actor"),
        migrations.AddIndex(
            "auditentry",
            models.Index(fields=["actor_kind", "actor_id", "-at", "-id"], name="audit_by_actor"),
        ),
        migrations.AddIndex(
            "auditentry", models.Index(fields=["action", "-at", "-id"], name="audit_by_action")
        ),
        migrations.AddIndex(
            "auditentry",
            models.Index(
                fields=["result", "-at", "-id"],
                condition=~models.Q(result="ok"),
                name="audit_of_refusals",
            ),
        ),
    ]
