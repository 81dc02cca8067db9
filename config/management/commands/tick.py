"""Everything that is due, once: for cron, beside or instead of the worker's own clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.upkeep import run_schedule
from verifications.outbox import due, relay


class Command(BaseCommand):
    help = "Do what is due: outbox relay, expiry, sweeping. Safe to run at any time, from cron too."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, count in run_schedule(everything=True).items():
            self.stdout.write(f"{name}: {count}")
        # Without Redis a message handed over here would end with this process; the workers find their rows by themselves.
        waiting = relay(grace=timedelta(seconds=10)) if settings.REDIS_URL else len(due(grace=timedelta(seconds=10)))
        self.stdout.write(f"verifications.outbox: {waiting} {'handed over' if settings.REDIS_URL else 'waiting for a worker'}")
