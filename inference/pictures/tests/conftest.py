"""How many examples hypothesis draws."""

from hypothesis import settings

# The same examples each time, so that a change is judged by what it changes; `long` draws others.
settings.register_profile("short", max_examples=100, deadline=None, database=None, derandomize=True)
settings.register_profile("long", max_examples=2000, deadline=None, database=None)
settings.load_profile("short")
