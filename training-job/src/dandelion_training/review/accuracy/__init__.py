"""How often each version was right, from the random share of its answers that people reviewed.

Called by the commands `review import` and `review accuracy`; the operator reads what is kept.
"""
