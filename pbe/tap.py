"""What twistd asks of pbe: its options and its service."""
