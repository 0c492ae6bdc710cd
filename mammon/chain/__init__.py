"""The only package that talks to a node or holds a key."""
