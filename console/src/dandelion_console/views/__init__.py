"""What a page says of a resource, as plain values: no HTTP, no clock, no network."""
