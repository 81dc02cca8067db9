"""The audit trail cannot be rewritten without the chain breaking."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from factories import Person, start
from verifications.audit import record, verify_chain
from verifications.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain(alice: Person) -> Person:
    for number in range(5):
        record(workspace_id=alice.token.workspace.pk, actor="test", action="thing.done", subject=f"thing_{number}", data={"n": number})
    return alice


def test_an_untouched_chain_holds(chain: Person) -> None:
    start(chain)
    assert verify_chain(chain.token.workspace) is None


@pytest.mark.parametrize("change", [{"actor": "mallory"}, {"data": '{"n":9}'}, {"subject": "thing_x"}, {"hash": "0" * 64}])
def test_a_changed_entry_is_found(chain: Person, change: dict[str, str]) -> None:
    AuditEntry.objects.filter(number=3).update(**change)
    link = verify_chain(chain.token.workspace)
    assert link is not None
    assert (link.number, link.why) == (3, "an entry was changed")


@pytest.mark.parametrize(("number", "why"), [(2, "an entry is missing"), (5, "the newest entries are missing")])
def test_a_missing_entry_is_found(chain: Person, number: int, why: str) -> None:
    AuditEntry.objects.filter(number=number).delete()
    link = verify_chain(chain.token.workspace)
    assert link is not None
    assert link.why == why


def test_the_command_exits_with_1_and_names_the_link(chain: Person) -> None:
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert "wonder: every link holds" in out.getvalue()
    AuditEntry.objects.filter(number=4).update(action="thing.undone")
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", stdout=out)
    assert ended.value.code == 1
    assert "wonder: broken at 4" in out.getvalue()
