"""The board: one page of figures for a leader's area; every number opens the cases behind it."""
