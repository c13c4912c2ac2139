"""Django's entry for the registry."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Registers the registry's tables."""

    name = "jingwei.registry"
    label = "registry"
