"""The admin's front door: nobody passes without the second factor where one is asked for."""

from __future__ import annotations

from typing import Any

import structlog
from django import forms
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from config.signin import second_factor

log = structlog.get_logger(__name__)
WRONG = "The code is not right, or several wrong ones were tried. Wait a moment and enter the newest one."


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=16, label="Code", widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"})
    )

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).replace(" ", "").lower()


class Site(AdminSite):
    site_header = site_title = "Vouchbox"
    index_title = "Review and administration"
    site_url = "/docs"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and second_factor.is_satisfied(request.user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "GET" and super().has_permission(request) and not self.has_permission(request):
            return HttpResponseRedirect(f"{reverse('admin:second_factor')}?{request.GET.urlencode()}")
        return super().login(request, extra_context)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        guarded = [
            path("second-factor/", self._for_staff(self.second_factor), name="second_factor"),
            path("second-factor/enrol/", self._for_staff(self.enrol), name="second_factor_enrol"),
            path("second-factor/recovery-codes/", self.admin_view(self.recovery_codes), name="second_factor_codes"),
        ]
        return [*guarded, *super().get_urls()]

    def _for_staff(self, view: Any) -> Any:
        """For whoever has entered the password: the second factor cannot ask for itself."""

        def inner(request: HttpRequest) -> HttpResponse:
            if not AdminSite.has_permission(self, request):
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
            answer: HttpResponse = view(request)
            return answer

        return never_cache(csrf_protect(inner))

    def second_factor(self, request: HttpRequest) -> HttpResponse:
        if second_factor.authenticator(request.user) is None:
            return HttpResponseRedirect(f"{reverse('admin:second_factor_enrol')}?{request.GET.urlencode()}")
        if self.has_permission(request):
            return self._page(request, "manage.html", {"title": "Second factor"})
        form = CodeForm(request.POST or None)
        if form.is_valid():
            if second_factor.verify(request, form.cleaned_data["code"]):
                return HttpResponseRedirect(_onward(request))
            log.warning("second_factor_refused", user=request.user.pk)
            form.add_error("code", WRONG)
        return self._page(request, "verify.html", {"title": "Second factor", "form": form})

    def enrol(self, request: HttpRequest) -> HttpResponse:
        """The first authenticator; a new one only for those who still have the old."""
        if second_factor.authenticator(request.user) is not None and not self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:second_factor"))
        form = CodeForm(request.POST or None)
        if form.is_valid():
            codes = second_factor.confirm(request, form.cleaned_data["code"])
            if codes is not None:
                return self._page(request, "codes.html", {"title": "Recovery codes", "codes": codes, "next": _onward(request)})
            form.add_error("code", WRONG)
        device = second_factor.new_authenticator(request.user)
        drawn = mark_safe(second_factor.qr_code(device))  # noqa: S308 (our own drawing)
        secret = device.config_url.partition("secret=")[2].partition("&")[0]
        return self._page(request, "enrol.html", {"title": "Set up the second factor", "form": form, "qr": drawn, "secret": secret})

    def recovery_codes(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or second_factor.authenticator(request.user) is None:
            return HttpResponseRedirect(reverse("admin:second_factor"))
        codes = second_factor.fresh_recovery_codes(request.user)
        return self._page(request, "codes.html", {"title": "Recovery codes", "codes": codes, "next": reverse("admin:index")})

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        return render(request, f"admin/signin/{template}", {**self.each_context(request), **context})


def _onward(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if safe else reverse("admin:index")
