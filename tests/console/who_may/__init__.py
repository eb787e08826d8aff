"""Every address of the console, by everybody and every other way in, over real HTTP."""
