"""`make demo`: a folder of images becomes a served model on a real cluster, told step by step."""
