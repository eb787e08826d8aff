"""Corrections on which callers agree, which runs learn from where nobody has to review them.

They follow from the prediction log anew each time, as the review queue does. `run/agreed` reads it.
"""
