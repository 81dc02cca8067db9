"""JSON:API: ``/api/v1/inquiries``, ``/api/v1/document/…``, ``/api/v1/list-item/…``."""
