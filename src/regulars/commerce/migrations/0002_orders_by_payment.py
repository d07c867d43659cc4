"""Orders are read by when they were paid: the list sorts by it, figures sum a window of it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commerce", "0001_products_orders")]

    operations = [
        migrations.AddIndex(
            "order",
            models.Index(
                condition=models.Q(("paid_at__isnull", False)),
                fields=["paid_at", "id"],
                name="order_by_payment",
            ),
        ),
    ]
