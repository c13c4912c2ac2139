"""Django's entry for the engine."""

from importlib import import_module

from django.apps import AppConfig


class EngineConfig(AppConfig):
    """Registers the engine's tables, outbox effects and standing jobs."""

    name = "jingwei.engine"
    label = "engine"

    def ready(self) -> None:
        """Effects, jobs and kinds of imports register themselves when their modules are read."""
        for module in (
            "telling",
            "ticking",
            "counting",
            "keeping",
            "imports.cases",
            "imports.classes",
            "imports.undoing",
        ):
            import_module(f"jingwei.engine.{module}")
