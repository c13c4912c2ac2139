"""The desk: queues, one page per case with its whole story, calls, what is not located yet."""
