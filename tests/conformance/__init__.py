"""Recorded contracts of the dialects, to be held against any instance: ``python -m tests.conformance URL TOKEN [dialect …]``.

Each kit makes things of its own under the token's environment (give it a sandbox token with every scope), and tells line by line what is answered as
the contract prints it. It needs the standard library alone.
"""
