"""What a person sees of the live world, recorded: terminals of the installed program over the local node."""
