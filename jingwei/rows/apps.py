"""Django's entry for the rows."""

from django.apps import AppConfig


class RowsConfig(AppConfig):
    """No tables; the `rows` command."""

    name = "jingwei.rows"
    label = "rows"
