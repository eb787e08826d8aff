"""Requests in, pages out: HTTP, templates, and what a browser is held to."""
