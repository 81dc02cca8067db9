"""The review page's addresses: one case on a screen, and what a reviewer may do with it. Each post is one use case and leads back to the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from decisions import casework, queue, review
from decisions.comments import add_comment
from decisions.dossier import note_views, open_case
from decisions.duplicates import possible_duplicates
from decisions.masking import is_number
from decisions.models import DecisionStatus, ReviewCase
from decisions.review_models import Assignment, Audience, standing_escalation
from decisions.reviewers import caller_of, granted, name_of, sees_protected
from decisions.seen import state_of
from documents import storage
from documents.extracted import current_values
from documents.models import Document, Page
from flows.errors import Refused
from verifications import audit
from verifications.holds import is_held
from verifications.services import renewals_of

IMAGE_HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
QUEUE = "admin:decisions_reviewcase_changelist"
CASE = "admin:decisions_reviewcase_change"
_DECISIONS = {"approve": DecisionStatus.APPROVED, "reject": DecisionStatus.REJECTED, "reopen": DecisionStatus.DOUBLE_CHECK}
_DONE = {
    DecisionStatus.APPROVED: "The document is Approved.",
    DecisionStatus.REJECTED: "The document is Rejected.",
    DecisionStatus.DOUBLE_CHECK: "The document is in Double check again.",
}
Act = Callable[[HttpRequest, ReviewCase], str]


class CasePages:
    """Mixed into the model's admin, which has the permissions."""

    admin_site: Any
    model: Any
    has_view_permission: Callable[..., bool]
    has_change_permission: Callable[..., bool]

    def case_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        acts: dict[str, Act] = {
            "decide": self.decide, "resubmit": self.resubmit, "correct": self.correct, "override": self.override, "comment": self.comment,
            "hold": self.hold, "resume": self.resume, "claim": self.claim, "release": self.release, "renew": self.renew,
        }  # fmt: skip
        posts = [
            path(f"<str:case_id>/{name}/", site(require_POST(self._acting(act))), name=f"decisions_reviewcase_{name}") for name, act in acts.items()
        ]
        return [
            path("next/", site(require_POST(self.next_case)), name="decisions_reviewcase_next"),
            path("<str:case_id>/change/", site(self.review_page), name="decisions_reviewcase_change"),
            path("<str:case_id>/reveal/", site(require_POST(self.reveal)), name="decisions_reviewcase_reveal"),
            path("<str:case_id>/page/<int:page_id>/", site(require_safe(self.page_image)), name="decisions_reviewcase_page"),
            *posts,
        ]

    def review_page(self, request: HttpRequest, case_id: str) -> HttpResponse:
        case = self._case(request, case_id, change=False)
        seen = state_of(case.pk)
        queue.keep_alive(user=request.user, verification_id=case.pk)
        note_views(caller_of(request.user, case), [case])
        file = open_case(case)
        view = review.page(file, review.beside(file), lambda page: reverse("admin:decisions_reviewcase_page", args=[case.pk, page.pk]))
        return render(request, "admin/decisions/review.html", {**self._frame(request, case, seen), "view": view})

    def _frame(self, request: HttpRequest, case: ReviewCase, seen: int) -> dict[str, Any]:
        now = timezone.now()
        assignment = Assignment.objects.filter(queue.held(now), verification_id=case.pk).select_related("reviewer").first()
        return {
            **self.admin_site.each_context(request),
            "title": f"Review {case.external_ref or case.pk}",
            "opts": self.model._meta,
            "seen": seen,
            "may_decide": self.has_change_permission(request, case),
            "may_reopen": granted(request.user, "decisions.reopen_reviewcase"),
            "may_override": granted(request.user, "decisions.override_reviewcase"),
            "may_stop_deletion": granted(request.user, "verifications.add_legalhold"),
            "is_kept": is_held(case),
            "renewals": renewals_of(case),
            "assignment": assignment,
            "escalation": standing_escalation(case),
            "is_mine": assignment is not None and assignment.reviewer_id == request.user.pk,
            "is_others": assignment is not None and assignment.reviewer_id != request.user.pk,
            "own_name": name_of(request.user),
            "urgency": queue.urgency(case.submitted_at, case.definition.review.target_hours, now),
            "duplicates": possible_duplicates(case, with_protected=sees_protected(request.user)),
            "audiences": Audience.choices,
        }

    def next_case(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        found = queue.claim_next(user=request.user)
        if found is None:
            messages.success(request, "Nothing waits for you. The queue is empty, or colleagues have the rest.")
            return HttpResponseRedirect(reverse(QUEUE))
        return HttpResponseRedirect(reverse(CASE, args=[found]))

    def _acting(self, act: Act) -> Callable[[HttpRequest, str], HttpResponse]:
        def answer(request: HttpRequest, case_id: str) -> HttpResponse:
            case = self._case(request, case_id, change=True)
            try:
                messages.success(request, act(request, case))
            except Refused as refusal:
                messages.error(request, refusal.message)
            return HttpResponseRedirect(reverse(CASE, args=[case.pk]))

        return answer

    def decide(self, request: HttpRequest, case: ReviewCase) -> str:
        status = _DECISIONS.get(request.POST.get("action", ""))
        reasons = [code for code in request.POST.getlist("reasons") if code.strip()]
        if status is None or (status == DecisionStatus.REJECTED and not reasons):
            raise Refused("validation_failed", "Choose a reason for the rejection." if status else "Choose what to decide.")
        if status == DecisionStatus.DOUBLE_CHECK and not granted(request.user, "decisions.reopen_reviewcase"):
            raise PermissionDenied
        if unknown := set(reasons) - {code for code, _ in review.REASONS}:
            raise Refused("validation_failed", f"There is no reason {', '.join(sorted(unknown))}.")
        decided = casework.decide(
            user=request.user, case=case, document_id=_sent(request, "document"), status=status,
            reasons=reasons if status == DecisionStatus.REJECTED else [], note=_sent(request, "note"), seen=_seen(request),
        )  # fmt: skip
        return _DONE[status] if decided else "Your opinion is kept. A second person must agree before it counts."

    def resubmit(self, request: HttpRequest, case: ReviewCase) -> str:
        documents, reasons = request.POST.getlist("documents"), [code for code in request.POST.getlist("reasons") if code.strip()]
        if not documents or not reasons:
            raise Refused("validation_failed", "Choose the documents to ask for again, and a reason.")
        casework.ask_again(
            user=request.user, case=case, documents=documents, reasons=reasons, instruction=_sent(request, "instruction"), seen=_seen(request)
        )
        return "The documents were asked for again."

    def correct(self, request: HttpRequest, case: ReviewCase) -> str:
        casework.correct(
            user=request.user, case=case, document_id=_sent(request, "document"), path=_sent(request, "path"), value=_sent(request, "value"),
            reason=_sent(request, "reason"), seen=_seen(request),
        )  # fmt: skip
        return "The field is corrected, and the rules looked at it again."

    def override(self, request: HttpRequest, case: ReviewCase) -> str:
        if not granted(request.user, "decisions.override_reviewcase"):
            raise PermissionDenied
        casework.override(user=request.user, case=case, check_id=_sent(request, "check"), reason=_sent(request, "reason"), seen=_seen(request))
        return "The rule's result is overridden."

    def comment(self, request: HttpRequest, case: ReviewCase) -> str:
        add_comment(
            caller=caller_of(request.user, case), flow=case.flow_id, verification_id=case.pk, audience=_sent(request, "audience"),
            text=_sent(request, "text"),
        )  # fmt: skip
        return "The comment is kept."

    def hold(self, request: HttpRequest, case: ReviewCase) -> str:
        casework.hold(user=request.user, case=case, seen=_seen(request))
        return "The case is on hold."

    def resume(self, request: HttpRequest, case: ReviewCase) -> str:
        casework.resume(user=request.user, case=case, seen=_seen(request))
        return "The case is taken up again."

    def renew(self, request: HttpRequest, case: ReviewCase) -> str:
        return f"The renewal is {casework.renew(user=request.user, case=case).pk}. It waits for new documents."

    def claim(self, request: HttpRequest, case: ReviewCase) -> str:
        queue.claim(user=request.user, verification_id=case.pk)
        return "The case is yours."

    def release(self, request: HttpRequest, case: ReviewCase) -> str:
        queue.release(user=request.user, verification_id=case.pk)
        return "The case is free again."

    def reveal(self, request: HttpRequest, case_id: str) -> HttpResponse:
        """A number in full, for somebody who asked; the audit trail tells who."""
        case = self._case(request, case_id, change=False)
        document = Document.objects.prefetch_related("corrections").filter(pk=_sent(request, "document"), verification_id=case.pk).first()
        found = current_values(document).get(_sent(request, "path")) if document else None
        if document is None or found is None or not is_number(_sent(request, "path")):
            raise Http404
        audit.record(
            workspace_id=case.workspace_id, actor=name_of(request.user), action="number.revealed", subject=document.pk, verification=case.pk,
            data={"field": _sent(request, "path")},
        )  # fmt: skip
        return JsonResponse({"value": found.value}, headers={"Cache-Control": "no-store"})

    def page_image(self, request: HttpRequest, case_id: str, page_id: int) -> HttpResponseBase:
        case = self._case(request, case_id, change=False)
        page = Page.objects.select_related("blob", "image").filter(pk=page_id, image__document__verification_id=case.pk).first()
        if page is None:
            raise Http404
        audit.record(workspace_id=case.workspace_id, actor=name_of(request.user), action="image.viewed", subject=page.image_id, verification=case.pk)
        return HttpResponse(storage.read(page.blob), content_type=page.blob.content_type, headers=IMAGE_HEADERS)

    def _case(self, request: HttpRequest, case_id: str, *, change: bool) -> ReviewCase:
        case = ReviewCase.objects.select_related("flow_version", "workspace", "flow", "escalation").filter(pk=unquote(case_id)).first()
        if case is None:
            raise Http404
        allowed = self.has_change_permission(request, case) if change else self.has_view_permission(request, case)
        if not allowed or (case.protected and not sees_protected(request.user)):
            raise PermissionDenied
        return case


def _sent(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").strip()


def _seen(request: HttpRequest) -> int:
    """Raises Refused("validation_failed"): without it nobody knows what the screen showed."""
    text = request.POST.get("seen", "")
    if not text.isdecimal() or len(text) > 15:
        raise Refused("validation_failed", "The form was incomplete.")
    return int(text)
