"""Files from addresses that somebody else wrote down, who must not reach this pod's network."""
