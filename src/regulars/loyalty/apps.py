"""Register the loyalty app with Django."""

from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    """The app of the programme, its rules, its awards and its tiers."""

    name = "regulars.loyalty"
    label = "loyalty"
    default_auto_field = "django.db.models.BigAutoField"
