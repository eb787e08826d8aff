"""What is asked of the API server, always with the token of the person who is asking."""
