"""Waiting for a worker inside a request, for as long as the client asked to."""

from __future__ import annotations

import time

from documents.models import Extraction, ExtractionStatus


def awaited(row: Extraction, wait_ms: int) -> Extraction:
    """The record as it stands when it is done or the time is up."""
    until = time.monotonic() + wait_ms / 1000
    while row.status in (ExtractionStatus.PENDING, ExtractionStatus.PROCESSING) and time.monotonic() < until:
        time.sleep(0.05)
        row = Extraction.objects.filter(pk=row.pk).first() or row
    return row
