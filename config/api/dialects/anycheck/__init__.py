"""A verification service: ``/verifications``, ``/services``, ``/uploads``, ``/folders``."""
