"""One look at one resource: who is looked at and when, and the four steps of a look."""
