"""From images to weights."""
