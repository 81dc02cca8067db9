"""``manage.py calibrate_faces FOLDER``: which score takes how many strangers for one person, measured on pictures of one's own. Needs no database."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from documents.engines.base import Embedding
from documents.engines.registry import face_engine
from documents.readers.face import UNMEASURED, TooFewPairs, calibrate, score_of
from documents.readers.opening import open_pages
from flows.errors import Refused


class Command(BaseCommand):
    help = "Measures the face engine on FOLDER/<person>/<pictures> and prints the thresholds of selfie_matches for a flow file."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", type=Path, help="one folder per person, with pictures of that person alone")
        parser.add_argument("--rate", type=float, default=1e-4, help="the share of strangers that may match; 0.0001 when left out")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, folder: Path, rate: float, **options: Any) -> None:
        if settings.FACE_ENGINE == "off":
            raise CommandError("FACE_ENGINE is off: there is nothing to calibrate.")
        if not folder.is_dir() or not 0 < rate < 1:
            raise CommandError("FOLDER must be a folder, and the rate between 0 and 1.")
        people, skipped = self._embedded(folder)
        own = [self._score(*pair) for pictures in people.values() for pair in combinations(pictures, 2)]
        strangers = [self._score(a, b) for one, other in combinations(people.values(), 2) for a in one for b in other]
        try:
            found = calibrate(own, strangers, rate=rate, moderate=UNMEASURED.moderate)
        except TooFewPairs as error:
            raise CommandError(f"No rate is measured: {error}.") from None
        measured = {"strong": found.strong, "moderate": found.moderate, "false_match_rate": found.false_match_rate}
        facts = {
            **measured, "missed": found.missed, "pairs_of_strangers": found.strangers, "pairs_of_one_person": len(own), "people": len(people),
            "skipped": skipped, "engine": f"{self.engine.name} {self.engine.version}",
        }  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps(facts))
            return
        self.stdout.write(f"# {facts['engine']}: {len(people)} people, {found.strangers} pairs of strangers, {len(own)} of one person")
        missed = "not measured" if found.missed is None else f"{found.missed:.2%}"
        self.stdout.write(f"# pairs of one person that are missed: {missed}; pictures left out: {skipped}")
        self.stdout.write(f"selfie_matches: {{{', '.join(f'{name}: {value}' for name, value in measured.items())}}}")

    def _embedded(self, folder: Path) -> tuple[dict[str, list[Embedding]], int]:
        """Every picture's embedding by person, and how many pictures show no face or cannot be opened."""
        self.engine = face_engine(settings.FACE_ENGINE)
        if not (state := self.engine.available()).ok:
            raise CommandError(f"{self.engine.name} cannot run here: {state.reason}")
        people, skipped = defaultdict(list), 0
        for file in sorted(path for path in folder.glob("*/*") if path.is_file()):
            try:
                rgb = open_pages(file.read_bytes(), accept_pdf=False, max_pixels=settings.MAX_IMAGE_PIXELS)[0].rgb
            except (Refused, OSError):
                skipped += 1
                continue
            faces = self.engine.detect(rgb, turned=True)
            if faces:
                people[file.parent.name].append(self.engine.embed(rgb, faces[0]))
            else:
                skipped += 1
        return dict(people), skipped

    def _score(self, one: Embedding, other: Embedding) -> float:
        return score_of(self.engine.distance(one, other))
