"""Operating the program: the money lock and the stops that act by file."""
