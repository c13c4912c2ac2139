"""What there is and who answers for it: areas, organisations, posts, people."""
