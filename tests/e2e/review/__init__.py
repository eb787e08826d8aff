"""What people and the images say of a model that serves, and what comes of it."""
