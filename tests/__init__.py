"""Tests of the whole: the chart, the API server, and everything end to end."""
