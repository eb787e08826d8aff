"""How good it is: what a model answers on the holdout, its figures, and two models compared."""
