"""Pages for people: what their ModelDeployments do, and what they may have done with them."""

__version__ = "0.1.0"
