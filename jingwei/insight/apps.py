"""Django's entry for the reading aids."""

from django.apps import AppConfig


class InsightConfig(AppConfig):
    """No tables yet."""

    name = "jingwei.insight"
    label = "insight"
