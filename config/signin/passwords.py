"""What passwords must not be, beside Django's own rules."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

LONGEST = 128


class NotTooLong:
    """More than 128 letters are refused rather than hashed: each sign-in would take as long as its sender likes."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return f"Your password must contain at most {LONGEST} characters."
