"""Logging in with an OpenID Connect provider: what is asked of it, and whom it vouches for."""
