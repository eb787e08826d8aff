"""Which settings a run should learn with: trials, each a pod's, and what they have found out."""
