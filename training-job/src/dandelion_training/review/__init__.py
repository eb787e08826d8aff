"""What people are asked about a model's answers, and what they said.

The queue is no stored thing: it follows from the prediction log and the decisions. Called by the
commands `review export` and `review import`.
"""
