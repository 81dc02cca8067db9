"""Signing in to the admin: password, then a second factor; too many wrong passwords lock the login for a while."""
