"""The audit trail cannot be rewritten: the database refuses, and what is changed behind its back breaks the chain."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from factories import Person, start, upload
from flows.models import Flow, Workspace
from flows.services import issue_token, revoke_token
from verifications import append_only
from verifications.audit import checkpoint_chains, record, verify_chain
from verifications.models import AuditCheckpoint, AuditEntry, AuditHead

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain(flows: None) -> Workspace:
    """Five entries in a workspace of its own."""
    workspace = Workspace.objects.create(slug="chained", name="Chained")
    for number in range(5):
        record(workspace_id=workspace.pk, actor="test", action="thing.done", subject=f"thing_{number}", data={"n": number})
    return workspace


@pytest.fixture
def unguarded() -> None:
    """What somebody who may change the database's tables can do."""
    append_only.remove(connection)


def broken(workspace: Workspace) -> tuple[int, str]:
    link = verify_chain(workspace)
    assert link is not None
    return link.number, link.why


def test_an_untouched_chain_holds(chain: Workspace, alice: Person) -> None:
    start(alice)
    assert verify_chain(chain) is None
    assert verify_chain(alice.token.workspace) is None


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_the_database_refuses_to_change_or_delete(chain: Workspace, verb: str) -> None:
    checkpoint_chains()
    before = list(AuditEntry.objects.values())
    for rows in (AuditEntry.objects.filter(number=3), AuditCheckpoint.objects.all()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows.update(number=9) if verb == "update" else rows._raw_delete(rows.db)
    assert list(AuditEntry.objects.values()) == before


def test_the_triggers_can_be_installed_again(chain: Workspace) -> None:
    append_only.install(connection)
    append_only.install(connection)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(number=1).delete()


COLUMNS = ("id", "workspace_id", "at", "actor", "action", "subject", "verification_ref", "data", "previous", "hash")


@pytest.mark.parametrize("column", COLUMNS)
def test_one_changed_letter_of_any_column_is_found(chain: Workspace, unguarded: None, column: str) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    entry = AuditEntry.objects.filter(number=3, workspace=chain).values().get()
    value = entry[column]
    wrong: Any = {"workspace_id": other.pk, "id": "aud_other"}.get(column) or (
        value.replace(microsecond=value.microsecond ^ 1) if column == "at" else _flipped(value)
    )
    AuditEntry.objects.filter(pk=entry["id"]).update(**{column: wrong})
    assert broken(chain) == (3, "an entry is missing" if column == "workspace_id" else "an entry was changed")


def _flipped(text: str) -> str:
    """The last letter's lowest bit."""
    return f"{text[:-1]}{chr(ord(text[-1]) ^ 1)}" if text else "x"


TEXTS = ("id", "actor", "action", "subject", "data", "previous", "hash")


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(number=st.integers(1, 5), column=st.sampled_from(TEXTS), at=st.integers(0, 200), mask=st.integers(1, 127))
def test_any_changed_byte_of_any_row_is_found_where_it_is(
    chain: Workspace, unguarded: None, number: int, column: str, at: int, mask: int
) -> None:  # fmt: skip
    entry = AuditEntry.objects.filter(number=number, workspace=chain).values().get()
    stored = bytearray(entry[column].encode())
    stored[at % len(stored)] = stored[at % len(stored)] & 127 ^ mask or 1
    with transaction.atomic():
        AuditEntry.objects.filter(pk=entry["id"]).update(**{column: stored.decode()})
        assert broken(chain) == (number, "an entry was changed")
        transaction.set_rollback(True)
    assert verify_chain(chain) is None


@pytest.mark.parametrize(("number", "why"), [(2, "an entry is missing"), (5, "the newest entries are missing")])
def test_a_missing_entry_is_found(chain: Workspace, unguarded: None, number: int, why: str) -> None:
    AuditEntry.objects.filter(number=number, workspace=chain).delete()
    assert broken(chain) == (number, why)


def test_a_lost_key_is_found(chain: Workspace) -> None:
    AuditHead.objects.filter(workspace=chain).update(key_sealed=None)
    assert broken(chain) == (1, "the chain's key is gone")


class TestCheckpoints:
    def test_each_chain_once_for_each_length(self, chain: Workspace) -> None:
        assert (checkpoint_chains(), checkpoint_chains()) == (1, 0)
        record(workspace_id=chain.pk, actor="test", action="thing.done", subject="x")
        assert checkpoint_chains() == 1
        assert [row.number for row in AuditCheckpoint.objects.all()] == [5, 6]
        assert verify_chain(chain) is None

    def test_a_chain_written_anew_with_its_key_contradicts_them(self, chain: Workspace, unguarded: None) -> None:
        """Somebody with the database and the keys can make a chain whose every link holds; not the signed past of this one."""
        checkpoint_chains()
        AuditEntry.objects.filter(workspace=chain).delete()
        AuditHead.objects.filter(workspace=chain).update(number=0, hash="0" * 64)
        for number in range(5):
            record(workspace_id=chain.pk, actor="mallory", action="thing.done", subject=f"thing_{number}")
        assert broken(chain) == (5, "the chain contradicts a signed checkpoint")

    def test_a_shortened_chain_is_found(self, chain: Workspace, unguarded: None) -> None:
        checkpoint_chains()
        last = AuditEntry.objects.get(workspace=chain, number=4)
        AuditEntry.objects.filter(workspace=chain, number=5).delete()
        AuditHead.objects.filter(workspace=chain).update(number=4, hash=last.hash)
        assert broken(chain) == (5, "a signed checkpoint knows 5 entries")

    def test_a_changed_checkpoint_is_found(self, chain: Workspace, unguarded: None) -> None:
        checkpoint_chains()
        row = AuditCheckpoint.objects.get()
        AuditCheckpoint.objects.update(content={**row.content, "hash": "0" * 64})
        assert broken(chain) == (5, "a checkpoint was changed")

    def test_what_was_exported_is_held_against_the_chain(self, chain: Workspace, unguarded: None, tmp_path: Path) -> None:
        kept = str(tmp_path / "checkpoints.json")
        call_command("verify_audit", export=kept, stdout=StringIO())
        assert [entry["content"]["number"] for entry in json.loads(Path(kept).read_text())] == [5]
        call_command("verify_audit", against=kept, stdout=StringIO())
        AuditCheckpoint.objects.all().delete()
        AuditEntry.objects.filter(workspace=chain).delete()
        AuditHead.objects.filter(workspace=chain).update(number=0, hash="0" * 64)
        assert verify_chain(chain) is None
        out = StringIO()
        with pytest.raises(SystemExit):
            call_command("verify_audit", against=kept, stdout=out)
        assert "chained: broken at 1: a signed checkpoint knows 5 entries" in out.getvalue()

    def test_another_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("{}[")
        with pytest.raises(CommandError, match="not a file that --export wrote"):
            call_command("verify_audit", against=str(tmp_path / "x"))


def test_the_command_exits_with_1_and_names_the_link(chain: Workspace, unguarded: None) -> None:
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert "chained: every link holds" in out.getvalue()
    AuditEntry.objects.filter(number=4).update(action="thing.undone")
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", stdout=out)
    assert ended.value.code == 1
    assert "chained: broken at 4" in out.getvalue()


class TestWhatIsWritten:
    def actions(self) -> list[tuple[str, str]]:
        return list(AuditEntry.objects.order_by("number").values_list("action", "actor"))

    def test_tokens(self, db: None) -> None:
        workspace = Workspace.objects.create(slug="w", name="W")
        issued = issue_token(workspace=workspace, name="Homer Simpson", by="user:marge")
        revoke_token(prefix=issued.token.prefix, by="user:marge")
        revoke_token(prefix=issued.token.prefix, by="user:marge")
        assert self.actions() == [("token.issued", "user:marge"), ("token.revoked", "user:marge")]
        assert "Homer" not in str(list(AuditEntry.objects.values()))
        assert issued.secret not in str(list(AuditEntry.objects.values()))

    def test_flows(self, admin_client: Client) -> None:
        Workspace.objects.create(slug="w", name="W")
        call_command("sync_flows", stdout=StringIO())
        assert self.actions() == [("flow.published", "system")] * 3
        User.objects.get(username="admin")
        assert admin_client.post("/admin/flows/flow/identity/change/", {"workspaces": []}).status_code == 302
        assert Flow.objects.get(slug="identity").active is False
        assert self.actions()[3:] == [("flow.changed", "user:admin")]

    def test_images_that_are_opened(self, alice: Person, picture: Callable[..., bytes]) -> None:
        document = upload(alice, start(alice), front=picture())
        link = document["url_front"].partition("testserver")[2]
        assert Client().get(link).status_code == 200
        entry = AuditEntry.objects.get(action="image.viewed")
        assert (entry.actor, json.loads(entry.data)) == ("link", {"document": document["id"], "side": "front"})
        assert entry.verification_ref == document["verification_id"]
        assert Client().get(f"{link}x").status_code == 403
        assert AuditEntry.objects.filter(action="image.viewed").count() == 1
