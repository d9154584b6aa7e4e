"""Host name to tenant to node, kept fresh by a watch."""
