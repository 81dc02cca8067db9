"""Tiny, loud readers of the environment: a wrong value stops the start with its name and what was expected."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured


def env_text(name: str, default: str = "") -> str:
    """The value of ``name``, or the content of the file that ``NAME_FILE`` names. Empty counts as unset."""
    path = os.environ.get(f"{name}_FILE", "")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE: expected a readable text file") from error
    return os.environ.get(name, "").strip() or default


def env_choice(name: str, allowed: Sequence[str], default: str) -> str:
    value = env_text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}: expected one of {', '.join(allowed)}")
    return value


def env_int(name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    text = env_text(name, str(default))
    if not re.fullmatch(r"\d{1,10}", text) or not least <= int(text) <= most:
        raise ImproperlyConfigured(f"{name}: expected a whole number from {least} to {most}")
    return int(text)


def env_bool(name: str, default: bool) -> bool:
    return env_choice(name, ("1", "0", "true", "false", "yes", "no", "on", "off"), "1" if default else "0") in {"1", "true", "yes", "on"}


def env_list(name: str, default: Sequence[str] = ()) -> list[str]:
    return [entry.strip() for entry in env_text(name, ",".join(default)).split(",") if entry.strip()]


def env_url(name: str, schemes: Sequence[str], default: str = "") -> str:
    value = env_text(name, default)
    if value and urlsplit(value).scheme not in schemes:
        raise ImproperlyConfigured(f"{name}: expected a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    return value


def env_secret(name: str, *, make: Callable[[], str] | None, folder: Path) -> str:
    """A secret that has no default: from the environment, else (``make`` given) made once and kept under ``folder`` for its owner only."""
    if value := env_text(name):
        return value
    if make is None:
        raise ImproperlyConfigured(f"{name}: required here, because this installation is reachable by others than localhost")
    path = folder / name.lower()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(make())
    return path.read_text(encoding="utf-8").strip()


def url_options(url: str, known: Sequence[str], name: str) -> dict[str, str]:
    """The query of a settings URL. An unknown option stops the start."""
    options = dict(parse_qsl(urlsplit(url).query))
    if unknown := sorted(set(options) - set(known)):
        raise ImproperlyConfigured(f"{name}: unknown option {', '.join(unknown)}; known are {', '.join(known)}")
    return options
