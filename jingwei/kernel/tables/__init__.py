"""The tables people send and are sent: read whatever they are, written as offices keep them."""
