"""One module for each group of addresses; `front.app` puts them together."""
