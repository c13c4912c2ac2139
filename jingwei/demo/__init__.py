"""The fictional city 经州市 as plain data: its map, its names, its people and what its residents report.
Pure generators, the same for the same seed: no database, no Django; no code 9911… can ever be real."""
