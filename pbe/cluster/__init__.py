"""Health, placement and moves, as orders given through consensus."""
