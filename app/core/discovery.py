"""Imports what is found rather than listed: notification types, and each feature's `jobs.py` and `webhooks.py`.

Only these may be discovered; all else is wired by hand. `sms-for-ecommerce declared` prints what was found, with file
and line.
"""

import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType


def import_submodules(package: str) -> list[ModuleType]:
    """All modules directly inside *package*, by name."""
    parent = importlib.import_module(package)
    return [importlib.import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(parent.__path__)]


def import_named(packages: Iterable[str], names: Iterable[str]) -> list[ModuleType]:
    """The modules called one of *names* that the *packages* have."""
    wanted = set(names)
    modules = []
    for package in packages:
        parent = importlib.import_module(package)
        found = sorted(each.name for each in pkgutil.iter_modules(parent.__path__) if each.name in wanted)
        modules += [importlib.import_module(f"{package}.{name}") for name in found]
    return modules


def import_models() -> list[ModuleType]:
    """Every module that declares tables, so that the metadata is complete."""
    features = [
        f"app.{found.name}" for found in pkgutil.iter_modules(importlib.import_module("app").__path__) if found.ispkg
    ]
    tables_of_core = ("recurring", "strange_versions", "vault_secrets")
    without_simulator = [name for name in features if name != "app.simulator"]
    return import_named(without_simulator, ("models",)) + import_named(("app.core",), tables_of_core)
