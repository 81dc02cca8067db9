"""Shapes of what clients of this dialect send: ``{"data": {"attributes": …}, "meta": …}``."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.dialects.sent import SentFile
from config.api.fields import CountryCode, IsoDate, Text


def _optional(field: type[serializers.Field], **options: Any) -> Any:
    return field(**{"required": False, "allow_null": True, **options})


def enveloped(name: str, attributes: type[serializers.Serializer]) -> type[serializers.Serializer]:
    """``data.attributes`` around a serializer."""
    data = type(f"{name}Data", (serializers.Serializer,), {"attributes": attributes()})
    return type(name, (serializers.Serializer,), {"data": data()})


class SentFilePart(serializers.Serializer):
    """``filename`` is not kept."""

    filename = _optional(Text, max_length=255)
    data = SentFile()  # type: ignore[assignment]


class GenericAttributes(serializers.Serializer):
    """``kind`` is a context or a document type; of a context ``document_type`` names the type."""

    kind = Text(max_length=60)
    document_type = _optional(Text, max_length=60)
    country_code = CountryCode(required=False)
    inquiry_id = _optional(Text, max_length=60)
    files = serializers.ListField(child=SentFilePart(), max_length=1, required=False)


class GenericChange(serializers.Serializer):
    kind = Text(max_length=60, required=False)
    document_type = _optional(Text, max_length=60)
    country_code = CountryCode(required=False)
    files = serializers.ListField(child=SentFilePart(), max_length=1, required=False)


class GovernmentAttributes(serializers.Serializer):
    id_class = Text(max_length=60)
    country_code = CountryCode()
    inquiry_id = _optional(Text, max_length=60)
    front_photo = _optional(SentFilePart)
    back_photo = _optional(SentFilePart)


class GovernmentChange(serializers.Serializer):
    id_class = Text(max_length=60, required=False)
    country_code = CountryCode(required=False)
    front_photo = _optional(SentFilePart)
    back_photo = _optional(SentFilePart)


class InquiryFields(serializers.Serializer):
    """What is known of the person beforehand."""

    name_first = _optional(Text, max_length=200, allow_blank=True)
    name_middle = _optional(Text, max_length=200, allow_blank=True)
    name_last = _optional(Text, max_length=200, allow_blank=True)
    birthdate = _optional(IsoDate)
    email_address = _optional(Text, max_length=254, allow_blank=True)
    phone_number = _optional(Text, max_length=40, allow_blank=True)


class InquiryAttributes(serializers.Serializer):
    """The template is a flow."""

    inquiry_template_id = Text(max_length=60)
    reference_id = _optional(Text, max_length=255, allow_blank=True)
    tags = _optional(serializers.ListField, child=Text(max_length=64), max_length=50)
    fields = _optional(InquiryFields)


class InquiryChange(serializers.Serializer):
    reference_id = _optional(Text, max_length=255, allow_blank=True)
    tags = _optional(serializers.ListField, child=Text(max_length=64), max_length=50)


class ListAttributes(serializers.Serializer):
    name = Text(max_length=120)


class NumberAttributes(serializers.Serializer):
    """``list_id`` left out: the list that the kind has anyway."""

    list_id = _optional(Text, max_length=60)
    value = Text(max_length=60)
    reason = _optional(Text, max_length=500)


class CountryAttributes(serializers.Serializer):
    list_id = _optional(Text, max_length=60)
    value = CountryCode()
    reason = _optional(Text, max_length=500)


class ImportAttributes(serializers.Serializer):
    """``file`` is CSV with a header: ``value`` for numbers, ``name_first`` and ``name_last`` for names."""

    list_id = Text(max_length=60)
    file = SentFilePart()


class SelfieAttributes(serializers.Serializer):
    inquiry_id = Text(max_length=60)
    center_photo = _optional(SentFilePart)


class NameAttributes(serializers.Serializer):
    list_id = _optional(Text, max_length=60)
    name_first = _optional(Text, max_length=150)
    name_last = Text(max_length=150)
    reason = _optional(Text, max_length=500)


class TagMeta(serializers.Serializer):
    tag_name = Text(max_length=64)


class TagsMeta(serializers.Serializer):
    tag_name = serializers.ListField(child=Text(max_length=64), max_length=50)


class CommentMeta(serializers.Serializer):
    comment = _optional(Text, max_length=2000)


class TagCall(serializers.Serializer):
    meta = TagMeta()


class TagsCall(serializers.Serializer):
    meta = TagsMeta()


class CommentCall(serializers.Serializer):
    meta = _optional(CommentMeta)


GenericCreation = enveloped("GenericCreation", GenericAttributes)
GenericAmendment = enveloped("GenericAmendment", GenericChange)
GovernmentCreation = enveloped("GovernmentCreation", GovernmentAttributes)
GovernmentAmendment = enveloped("GovernmentAmendment", GovernmentChange)
InquiryCreation = enveloped("InquiryCreation", InquiryAttributes)
InquiryAmendment = enveloped("InquiryAmendment", InquiryChange)
NumberItem = enveloped("NumberItem", NumberAttributes)
ListCreation = enveloped("ListCreation", ListAttributes)
CountryItem = enveloped("CountryItem", CountryAttributes)
ImportCreation = enveloped("ImportCreation", ImportAttributes)
SelfieCreation = enveloped("SelfieCreation", SelfieAttributes)
NameItem = enveloped("NameItem", NameAttributes)
