"""The practices that cities describe, and how far this system carries each of them.
`practices` holds the list as data; what was really played is written elsewhere, and only by playing it."""
