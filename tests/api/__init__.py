"""What a real API server makes of the CRD, the samples, the roles and the pods."""
