"""The field: today's tasks, reporting, acting on the spot, my grid. One thumb, big type; online for now."""
