"""From the bytes of an image file to the numbers that the network takes."""
