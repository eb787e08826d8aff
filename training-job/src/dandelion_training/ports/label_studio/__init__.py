"""Label Studio's REST API, as far as reviews need it."""
