"""Workers' side of reading: ids in, slow work outside any transaction, one service call."""

from __future__ import annotations

from documents import capture, extraction, reading
from documents.sandbox.parent import ReadingKilled
from flows.errors import Refused
from verifications.outbox import WorkOrder, outbox_actor

# A document that takes its reading process with it is tried once more, for the process may have been killed by somebody else. Then a person looks.
KILLS = 2


@outbox_actor(queue="reading", max_attempts=4, on_exhausted="documents.actors.give_up_extraction")
def extract_document(order: WorkOrder) -> None:
    """Read one document's images and record what was found."""
    assert order.document_id is not None
    job = extraction.begin_reading(document_id=order.document_id, reader=order.message_id, request=order.run)
    if job is None:
        return
    try:
        found = reading.read(job)
        renditions = reading.store_renditions(found, job.document.verification_id)
    except Refused:
        raise
    except ReadingKilled as killed:
        if order.attempt >= KILLS:
            raise Refused("reading_killed", "Reading this document ended its process each time.") from killed
        extraction.hand_back(document_id=order.document_id, reader=order.message_id)
        raise
    except Exception:
        extraction.hand_back(document_id=order.document_id, reader=order.message_id)
        raise
    extraction.record_extraction(job=job, reader=order.message_id, found=found, renditions=renditions)


def give_up_extraction(order: WorkOrder) -> None:
    """What follows when no attempt is left."""
    assert order.document_id is not None
    extraction.give_up_extraction(document_id=order.document_id, reader=order.message_id, request=order.run)


@outbox_actor(queue="webhooks", max_attempts=4)
def send_invitation(order: WorkOrder) -> None:
    """Mail one capture link."""
    capture.send_invitation(link_id=order.link_id)
