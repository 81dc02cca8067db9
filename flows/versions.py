"""The versions of the API, oldest first. A token is pinned to the newest one of the day it was issued."""

from __future__ import annotations

API_VERSIONS = ("2026-11-01",)


def newest() -> str:
    return API_VERSIONS[-1]
