"""Faults inside real processes: put this folder on PYTHONPATH, and every Python process below breaks where a file in $PYTHONFAULTS says so.

A file named ``kill.STEP.before`` or ``kill.STEP.after`` kills the next process that comes there (SIGKILL to itself), once. ``storage`` holds the
number of an error that every write into the storage meets while the file is there. ``clock`` holds seconds by which the wall clock is off.
Images that contain ``POISON-HANG``, ``POISON-CRASH`` or ``POISON-MEMORY`` do that to native code of whoever reads them.
"""

import ctypes
import importlib.abc
import importlib.machinery
import os
import signal
import sys

FOLDER = os.environ.get("PYTHONFAULTS", "")
STEPS = {
    "documents.intake": ["inspect"],
    "documents.storage": ["put", "read"],
    "documents.services": ["attach_document", "submit_verification"],
    "documents.extraction": ["begin_reading", "record_extraction", "give_up_extraction"],
    "documents.reading": ["read", "store_renditions"],
    "decisions.services": ["judge_verification"],
    "decisions.gather": ["gather_case"],
    "decisions.records": ["prepare_records"],
    "decisions.composition": ["verification_pdf"],
    "verifications.outbox": ["_claim", "_finish", "emit"],
    "verifications.webhooks": ["fan_out", "deliver"],
}


def _claims(name):
    """Whether this process is the one that the file ``name`` is meant for: who removes it."""
    try:
        os.unlink(os.path.join(FOLDER, name))
    except OSError:
        return False
    return True


def _said(name):
    try:
        with open(os.path.join(FOLDER, name), encoding="ascii") as file:
            return float(file.read() or 0)
    except (OSError, ValueError):
        return 0.0


def _killed(step, function):
    def stepped(*args, **options):
        if _claims(f"kill.{step}.before"):
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **options)
        if _claims(f"kill.{step}.after"):
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    stepped.__dict__.update(getattr(function, "__dict__", {}))
    stepped.__name__, stepped.__module__, stepped.__doc__ = function.__name__, function.__module__, function.__doc__
    return stepped


def _poisoned(function):
    def read(sides, **options):
        content = b"".join(sides.values())
        if b"POISON-HANG" in content:
            ctypes.PyDLL(None).sleep(3600)  # keeps the interpreter's lock, as a native loop would
        if b"POISON-CRASH" in content:
            ctypes.string_at(0)
        if b"POISON-MEMORY" in content:
            held = []
            while True:
                held.append(b"x" * (64 << 20))
        return function(sides, **options)

    return read


def _moved(now):
    from datetime import timedelta

    return lambda: now() + timedelta(seconds=_said("clock"))


def _refusing(save):
    def refused(*args, **options):
        if number := int(_said("storage")):
            raise OSError(number, os.strerror(number))
        return save(*args, **options)

    return refused


def _break(module):
    if module.__name__ == "documents.readers":
        module.read_document = _poisoned(module.read_document)
    if not FOLDER:
        return
    if module.__name__ == "django.utils.timezone":
        module.now = _moved(module.now)
    if module.__name__ == "django.core.files.storage.filesystem":
        module.FileSystemStorage._save = _refusing(module.FileSystemStorage._save)
    if module.__name__ == "flows.idempotency":
        module.LEASE /= 12  # a client of a killed web process is told "in progress" for five seconds instead of a minute
    for name in STEPS.get(module.__name__, ()):
        setattr(module, name, _killed(f"{module.__name__}.{name}", getattr(module, name)))


class _Loader(importlib.abc.Loader):
    def __init__(self, loader):
        self.loader = loader

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        _break(module)


class _Finder(importlib.abc.MetaPathFinder):
    WATCHED = frozenset({*STEPS, "documents.readers", "flows.idempotency", "django.utils.timezone", "django.core.files.storage.filesystem"})

    def find_spec(self, name, path, target=None):
        if name not in self.WATCHED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


sys.meta_path.insert(0, _Finder())
