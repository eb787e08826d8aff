"""What a viewer would show of a picture, whatever its pixels are."""
