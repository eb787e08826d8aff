"""What is to be done, decided purely from what was seen."""
