"""Django's entry for the demo city."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """No tables; commands and data."""

    name = "jingwei.demo"
    label = "demo"
