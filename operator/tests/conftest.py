"""Logs are for operators of the operator; in a failing test the world's own words say more."""

from __future__ import annotations

import structlog

structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), cache_logger_on_first_use=True)
