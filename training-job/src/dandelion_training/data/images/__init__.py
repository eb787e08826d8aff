"""The way of one image: from the bytes of a file to the numbers that the network sees."""
