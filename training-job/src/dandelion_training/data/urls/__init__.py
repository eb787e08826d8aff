"""Images from a table of addresses: fetched once, kept as copies, labelled as in the table now."""
