"""Roll out?: which version is to serve, and what that takes."""
