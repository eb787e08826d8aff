"""What follows from answers: confusion, intervals, calibration, robustness, the reference."""
