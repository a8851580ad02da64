"""The console: pages for the desk, the consultant, the manager and the auditor.

It keeps nothing: every page is what the other services answer to whoever is signed in, asked with their token.
"""
