"""Register commerce with Django."""

from django.apps import AppConfig


class CommerceConfig(AppConfig):
    """The app of products, orders, lines, payments and refunds."""

    name = "regulars.commerce"
    label = "commerce"
    default_auto_field = "django.db.models.BigAutoField"
