"""Requests in, answers out: HTTP, the descriptions of it, and the page for people."""
