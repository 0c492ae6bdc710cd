"""What happens in what order. Sees the core and ports alone; `cli/wiring.py` passes the rest in."""
