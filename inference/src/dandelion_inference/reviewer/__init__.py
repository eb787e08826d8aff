"""The token reviewer: the one process of an installation that may ask the API server who calls.

Serving pods send it a token that they were sent, and what it is to be good for. It runs in the
release's namespace, from the image of serving, and knows nothing but these questions.
"""
