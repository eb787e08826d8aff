"""`make demo-loop`: one ModelDeployment that renews itself, told as one story on a real cluster."""
