"""How often what rests on numbers is wrong, by simulation."""
