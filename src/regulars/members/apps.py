"""Register the members app with Django."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """The app of people: members, identities, profiles, marks, merges."""

    name = "regulars.members"
    label = "members"
    default_auto_field = "django.db.models.BigAutoField"
