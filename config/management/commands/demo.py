"""`make demo`: three verifications over HTTP against the running service, with drawn specimens: one approved, one for a person, one rejected."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
import urllib.request
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.management.commands.start import token_file
from documents.specimens import Holder, Specimen, draw, holder
from vouchbox_client import ApiError, Client
from vouchbox_client.api import ContextType, DocumentAnswer, DocumentContentRequest, ExpectedDataRequest, VerificationDetailAnswer

FINAL = {"Approved", "Rejected", "Double Check"}
FLOW = "usps1583"
_MARK = {"pass": "✓", "warning": "!", "error": "✗", "not_applicable": "·"}


def is_up(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health/ready", timeout=5):  # noqa: S310 (the address is ours)
            return True
    except OSError:
        return False


@dataclass(frozen=True)
class Story:
    """One case of the demo: who it is, what they show, how it should end."""

    title: str
    person: Holder
    documents: Mapping[ContextType, tuple[int, Specimen]]
    ends: str


class Command(BaseCommand):
    help = "Show a whole verification over HTTP, with specimens; starts the service when it is not up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--seed", type=int, default=11, help="another seed draws other people")

    def handle(self, *args: Any, port: int, seed: int, **options: Any) -> None:
        address = f"http://127.0.0.1:{port}"
        started = None if is_up(address) else self._start(address, port)
        try:
            self._show(address, seed)
        except ApiError as error:
            raise CommandError(str(error)) from error
        finally:
            if started is not None:
                started.terminate()
                started.wait()

    def _start(self, address: str, port: int) -> subprocess.Popen[bytes]:
        self.stdout.write(f"Nothing answers on {address}: starting the service for the demo ...")
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "start", "--port", str(port)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        for _ in range(240):
            if is_up(address):
                return process
            if process.poll() is not None:
                raise CommandError("The service did not start; `make run` shows why.")
            time.sleep(0.25)
        process.terminate()
        raise CommandError("The service did not become ready within a minute; `make run` shows why.")

    def _show(self, address: str, seed: int) -> None:
        if not token_file().exists():
            raise CommandError(f"There is no demo token in {token_file()}; start the service with `make run`.")
        api = Client(address, token_file().read_text().strip())
        for story in stories(seed):
            begun = time.monotonic()
            self._tell(api, story)
            self.stdout.write(f"  {time.monotonic() - begun:.1f} s\n\n")

    def _tell(self, api: Client, story: Story) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(story.title))
        case = api.start_a_verification(FLOW, {"external_ref": "demo", "expected_data": _declared(story.person)})
        for context, (kind, specimen) in story.documents.items():
            self._upload(api, case["id"], context, kind, specimen)
        self._await_reading(api, case["id"])
        api.submit_a_verification(FLOW, case["id"])
        final = self._await_end(api, case["id"])
        for document in final["documents"]:
            self._print_document(document)
        if final["status_label"] == "Approved":
            self._save_records(api, final)
        if final["status_label"] != story.ends:
            raise CommandError(f"The verification should have ended {story.ends} and ended {final['status_label']}.")

    def _upload(self, api: Client, case: str, context: ContextType, kind: int, specimen: Specimen) -> None:
        content: DocumentContentRequest = {"context_type": context, "type": kind, "country": "USA"}
        for side in specimen.sides:
            data = base64.b64encode(specimen.jpeg(side)).decode()
            if side == "front":
                content["front_side_data"] = data
            else:
                content["back_side_data"] = data
        document = api.upload_a_document(FLOW, {"verification": case, "document": content})
        self.stdout.write(f"  {document['document_type']['type_label']}: {document['document_type']['name']} {document['status_label']}")

    def _await_reading(self, api: Client, case: str) -> None:
        shown: dict[str, str] = {}
        for _ in range(240):
            documents = api.list_documents(FLOW, verification=case)["data"]
            for document in documents:
                if shown.get(document["id"]) != document["status_label"]:
                    shown[document["id"]] = document["status_label"]
                    self.stdout.write(f"  {document['document_type']['type_label']}: {document['status_label']}")
            if all(document["status_label"] not in ("Uploaded", "In progress") for document in documents):
                return
            time.sleep(0.25)
        raise CommandError("The documents were not read within a minute.")

    def _await_end(self, api: Client, case: str) -> VerificationDetailAnswer:
        for _ in range(120):
            found = api.show_a_verification(FLOW, case)
            if found["status_label"] in FINAL:
                self.stdout.write(f"  verification {case}: Submitted → {found['status_label']}")
                return found
            time.sleep(0.25)
        raise CommandError("The verification was not decided within half a minute.")

    def _print_document(self, document: DocumentAnswer) -> None:
        self.stdout.write(f"  {document['document_type']['type_label']} is {document['status_label']}")
        read = document["extracted_data"]
        for group, values in read.items() if isinstance(read, dict) else ():
            line = ", ".join(f"{name} {value!r}" for name, value in values.items() if value)
            self.stdout.write(f"    {group}: {line or '–'}")
        for check in document["checks"]:
            tail = f" {check['message']}" if check["outcome"] in ("warning", "error") else ""
            self.stdout.write(f"    {_MARK[check['outcome']]} {check['rule']}{tail}")

    def _save_records(self, api: Client, case: VerificationDetailAnswer) -> None:
        folder = Path(settings.DATA_DIR) / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        records = {case["id"]: api.download_the_verification_record(FLOW, case["id"])}
        records |= {document["id"]: api.download_a_document_record(FLOW, document["id"]) for document in case["documents"]}
        for name, data in records.items():
            (folder / f"{name}.pdf").write_bytes(base64.b64decode(data))
            self.stdout.write(f"  saved {folder / name}.pdf")


def stories(seed: int) -> list[Story]:
    """The three cases, drawn for today."""
    today = timezone.now().date()
    first, second, third = holder(seed, state="CA"), holder(seed + 1, state="TX"), holder(seed + 2, state="FL")
    return [
        Story(
            "A tenant whose papers agree",
            first,
            {
                "PHOTO_ID": (2, draw("driver_license", seed=seed, holder=first, today=today)),
                "PROOF_OF_ADDRESS": (29, draw("vehicle_registration", seed=seed, holder=first, today=today)),
                "SELFIE": (61, draw("selfie", seed=seed, holder=first, today=today)),
            },
            "Approved",
        ),
        Story(
            "A utility bill, which is not on USPS's list",
            second,
            {
                "PHOTO_ID": (1, draw("passport", seed=seed, holder=second, today=today)),
                "PROOF_OF_ADDRESS": (41, draw("utility_bill", seed=seed, holder=second, today=today)),
            },
            "Double Check",
        ),
        Story(
            "A licence that has expired",
            third,
            {
                "PHOTO_ID": (2, draw("driver_license", seed=seed, holder=third, today=today, expired=True)),
                "PROOF_OF_ADDRESS": (24, draw("lease", seed=seed, holder=third, today=today)),
            },
            "Rejected",
        ),
    ]


def _declared(person: Holder) -> ExpectedDataRequest:
    first, _, middle = person.given_names.partition(" ")
    return {
        "person": {"first_name": first, "middle_name": middle, "last_name": person.surname, "date_of_birth": person.date_of_birth.isoformat()},
        "address": {
            "street": person.street,
            "street2": person.street2,
            "city": person.city,
            "state": person.state,
            "postal_code": person.zip,
            "country": "USA",
        },
    }
