"""Images in JSON documents: one as the body, or one a line."""
