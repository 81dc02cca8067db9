"""Use cases of the second factor: is it there, enrol an authenticator (TOTP, RFC 6238), check a code, recovery codes for a lost one."""

from __future__ import annotations

import io
from typing import Any

import django_otp
import segno
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

RECOVERY_CODES = 10
RECOVERY = "recovery codes"


def authenticator(user: Any) -> TOTPDevice | None:
    """The confirmed one."""
    found: TOTPDevice | None = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    return found


def is_satisfied(user: Any) -> bool:
    """Signed in with a second factor, or none is asked for: by the setting, and of those who have one."""
    if user.is_verified():
        return True
    return not settings.ADMIN_REQUIRE_2FA and authenticator(user) is None


@transaction.atomic
def new_authenticator(user: Any) -> TOTPDevice:
    """The one that waits to be confirmed; its secret stays the same until it is."""
    device: TOTPDevice
    device, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "authenticator"})
    return device


def qr_code(device: TOTPDevice) -> str:
    """SVG, without style or script."""
    drawn = io.BytesIO()
    segno.make(device.config_url, error="m").save(drawn, kind="svg", xmldecl=False, svgns=True, omitsize=True, nl=False, border=2, light="#fff")
    return drawn.getvalue().decode()


@transaction.atomic
def confirm(request: HttpRequest, code: str) -> list[str] | None:
    """Enrol the waiting authenticator in the place of any other; answers with fresh recovery codes, None when the code is wrong."""
    device = new_authenticator(request.user)
    if not device.verify_token(code):
        return None
    TOTPDevice.objects.filter(user=request.user, confirmed=True).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    _let_in(request, device)
    return fresh_recovery_codes(request.user)


def verify(request: HttpRequest, code: str) -> bool:
    """Check a code of the authenticator, or a recovery code, which works once. Wrong ones slow the next try down."""
    device = django_otp.match_token(request.user, code)
    if device is None:
        return False
    _let_in(request, device)
    return True


@transaction.atomic
def fresh_recovery_codes(user: Any) -> list[str]:
    """Those that there were stop working."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name=RECOVERY)
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=code) for code in codes])
    return codes


def _let_in(request: HttpRequest, device: Any) -> None:
    request.session.cycle_key()
    django_otp.login(request, device)
