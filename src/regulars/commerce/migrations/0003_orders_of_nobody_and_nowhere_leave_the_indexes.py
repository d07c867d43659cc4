"""Nobody looks for the orders of no member or of no store: the indexes leave them out."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commerce", "0002_orders_by_payment")]

    operations = [
        migrations.RemoveIndex("order", "order_by_member"),
        migrations.RemoveIndex("order", "order_by_store"),
        migrations.AddIndex(
            "order",
            models.Index(
                condition=models.Q(("member_id__isnull", False)),
                fields=["member_id", "id"],
                name="order_by_member",
            ),
        ),
        migrations.AddIndex(
            "order",
            models.Index(
                condition=models.Q(("store_id__isnull", False)),
                fields=["store_id", "id"],
                name="order_by_store",
            ),
        ),
    ]
