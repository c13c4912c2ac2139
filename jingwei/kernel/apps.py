"""Django's entry for the kernel."""

from importlib import import_module

from django.apps import AppConfig


class KernelConfig(AppConfig):
    """Registers the kernel's tables and standing jobs."""

    name = "jingwei.kernel"
    label = "kernel"

    def ready(self) -> None:
        """Jobs register themselves when their modules are read."""
        import_module("jingwei.kernel.seals")
