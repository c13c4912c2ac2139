"""Django's entry for the faces."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Templates, static files and commands of the faces."""

    name = "jingwei.web"
    label = "web"
