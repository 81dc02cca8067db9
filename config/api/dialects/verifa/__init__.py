"""Sessions and documents: ``/api/v1/sessions``, ``/api/v1/documents``, ``/api/v1/fingerprints``, ``/api/v1/cases``."""
