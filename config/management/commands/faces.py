"""``manage.py faces A B [--json]``: are the faces on two pictures the same person's? Needs no database."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from documents.engines.registry import face_engine
from documents.readers import compare_faces
from documents.readers.opening import open_pages
from flows.errors import Refused


class Command(BaseCommand):
    help = "Compares the faces on two images: score, level, same or not, engine."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("a", metavar="A", help="an image")
        parser.add_argument("b", metavar="B", help="another image")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        answer = _compared(options["a"], options["b"])
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        elif answer["error"]:
            self.stdout.write(f"not assessed: {answer['error']['message']}")
        else:
            self.stdout.write(f"{answer['level']}: score {answer['score']}, same {answer['same']} ({answer['engine']}, {answer['seconds']} s)")


def _compared(a: str, b: str) -> dict[str, Any]:
    begun = time.perf_counter()
    answer: dict[str, Any] = {"score": None, "level": "not_assessed", "same": None, "engine": settings.FACE_ENGINE, "seconds": 0.0, "error": None}
    if settings.FACE_ENGINE == "off":
        return {**answer, "error": {"code": "not_assessed", "message": "FACE_ENGINE is off"}}
    try:
        pages = [open_pages(Path(name).read_bytes(), accept_pdf=True, max_pixels=settings.MAX_IMAGE_PIXELS)[0].rgb for name in (a, b)]
        match = compare_faces(pages[0], pages[1], engine=face_engine(settings.FACE_ENGINE))
        answer.update(score=match.score, level=match.level, same=match.same, engine=f"{match.engine} {match.version}".strip())
        if match.reason:
            answer["error"] = {"code": "not_assessed", "message": match.reason}
    except Refused as error:
        answer["error"] = {"code": error.code, "message": error.message}
    except OSError as error:
        answer["error"] = {"code": "file_unreadable", "message": error.strerror or "the file cannot be read"}
    answer["seconds"] = round(time.perf_counter() - begun, 3)
    return answer
