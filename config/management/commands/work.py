"""One worker process: Dramatiq threads over its queues, and the sweep that makes the outbox certain."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import time
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

import dramatiq
import structlog
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from dramatiq.worker import Worker

from config import pipeline
from config.upkeep import run_schedule
from documents import reading
from verifications.models import OutboxMessage, WorkerHeartbeat
from verifications.outbox import due, process_name

log = structlog.get_logger(__name__)
# Without a broker that wakes it a worker looks by itself: often while there is work, seldom when there was none for a while.
POLL_SECONDS, IDLE_POLL_SECONDS = 0.1, 0.4
IDLE_AFTER_SECONDS = 5.0
SWEEP_SECONDS = 10.0
HEARTBEAT_SECONDS = 10.0
SEND_AGAIN_SECONDS = 5.0
MOST_AT_ONCE = 100
# Threads wake at once when there is something for them; this is how long each sleeps when there is not, and how long stopping may take.
NAP_MILLISECONDS, BROKER_NAP_MILLISECONDS = 500, 200


class _Finished(dramatiq.Middleware):
    """Tells the loop when a thread is free again, so that it looks for more without waiting for its time."""

    def __init__(self, bell: queue.SimpleQueue[None]) -> None:
        self.bell = bell

    def after_process_message(self, *args: Any, **kwargs: Any) -> None:
        self.bell.put(None)


class Command(BaseCommand):
    help = "Work on queues until told to stop. `serve` starts as many of these as are needed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queues", default=",".join(pipeline.QUEUES), help="comma separated")
        parser.add_argument("--threads", type=int, default=1)
        parser.add_argument("--nice", type=int, default=0, help="give way to other processes of the machine by so much, 0 to 19")
        parser.add_argument("--tick", action="store_true", help="also do what is due by time")

    def handle(self, *args: Any, queues: str, threads: int, nice: int, tick: bool, **options: Any) -> None:
        if nice:
            os.nice(max(0, min(19, nice)))
        _Process(queues.split(","), threads, tick=tick).run()


class _Process:
    def __init__(self, queues: list[str], threads: int, *, tick: bool) -> None:
        self.queues, self.tick = queues, tick
        self.stopped = False
        # The one queue that a signal may put into while this thread waits for it.
        self.bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.name = process_name()
        self.broker = dramatiq.get_broker()
        self.broker.add_middleware(_Finished(self.bell))
        for name in queues:
            self.broker.declare_queue(name)
        # Receivers that take their time hold the threads of their own queue only.
        self.groups = [group for group in ({"webhooks"} & set(queues), set(queues) - {"webhooks"}) if group]
        # A post to a webhook is nothing but waiting, so more of them share a processor.
        self.threads = [threads * (2 if "webhooks" in group else 1) for group in self.groups]
        nap = BROKER_NAP_MILLISECONDS if settings.REDIS_URL else NAP_MILLISECONDS
        sizes = zip(self.groups, self.threads, strict=True)
        self.workers = [Worker(self.broker, queues=group, worker_threads=count, worker_timeout=nap) for group, count in sizes]
        self.sent: dict[tuple[str, datetime], float] = {}
        self.beaten = self.swept = self.busy = 0.0

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        if "reading" in self.queues:
            reading.warm_up()
        self.broker.emit_after("process_boot")
        logging.disable(logging.WARNING)  # the broker takes the second worker's middleware for a mistake
        for worker in self.workers:
            worker.start()
        logging.disable(logging.NOTSET)
        log.info("worker_started", queues=self.queues)
        while not self.stopped:
            self._round()
            self._rest(POLL_SECONDS if time.monotonic() - self.busy < IDLE_AFTER_SECONDS else IDLE_POLL_SECONDS)
        for worker in self.workers:
            worker.stop(timeout=60_000)
        WorkerHeartbeat.objects.filter(name=self.name).delete()
        log.info("worker_stopped", queues=self.queues)

    def _stop(self, *_: Any) -> None:
        self.stopped = True
        self.bell.put(None)

    def _rest(self, seconds: float) -> None:
        """Until the bell rings or the time is over; one look answers all who rang meanwhile."""
        with contextlib.suppress(queue.Empty):
            self.bell.get(timeout=seconds)
            while True:
                self.bell.get_nowait()

    def _round(self) -> None:
        try:
            now = time.monotonic()
            if not settings.REDIS_URL or now - self.swept > SWEEP_SECONDS:
                self.swept = now
                self._send_due(now)
            if now - self.beaten > HEARTBEAT_SECONDS:
                self.beaten = now
                self._beat()
                if self.tick:
                    run_schedule()
        except DatabaseError as error:
            log.warning("database_unavailable", error=type(error).__name__)
            close_old_connections()
            self._rest(1.0)

    def _send_due(self, now: float) -> None:
        self.sent = {turn: at for turn, at in self.sent.items() if now - at < SEND_AGAIN_SECONDS}
        grace = timedelta(seconds=SWEEP_SECONDS) if settings.REDIS_URL else timedelta(0)
        # Group by group: a heap of webhooks hides no other work.
        for group, worker, threads in zip(self.groups, self.workers, self.threads, strict=True):
            limit = MOST_AT_ONCE
            if not settings.REDIS_URL:
                # What waits in this process is seen by no other, so it takes no more than its threads will soon have done.
                if self._waiting(group, worker) >= threads:
                    continue
                limit = min(limit, 2 * threads + len(self.sent))
            for message in due(sorted(group), grace=grace, limit=limit):
                turn = (message.pk, message.available_at)
                if turn not in self.sent:
                    self.sent[turn] = self.busy = now
                    self._send(message)

    def _waiting(self, group: set[str], worker: Worker) -> int:
        waiting: int = worker.work_queue.qsize() + sum(self.broker.queues[name].qsize() for name in group)
        return waiting

    def _send(self, message: OutboxMessage) -> None:
        self.broker.actors[message.actor].send(message.pk)

    def _beat(self) -> None:
        readers = reading.loaded() if "reading" in self.queues else {}
        WorkerHeartbeat.objects.update_or_create(name=self.name, defaults={"queues": self.queues, "readers": readers, "at": timezone.now()})
        WorkerHeartbeat.objects.filter(at__lt=timezone.now() - timedelta(hours=1)).delete()
