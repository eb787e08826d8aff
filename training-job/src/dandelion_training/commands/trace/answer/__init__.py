"""The logged answer: its id, its rows and the image that it was given for."""
