"""Two teams, each with a model that serves: with all that `edit` gives in a namespace of one's own,
and with the tokens of every account there, no way leads to the neighbour's.

What keys of S3 reach is in `test_tenants.py`, which pods reach which in `test_network.py`.
"""
