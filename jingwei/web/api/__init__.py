"""The API for other systems: the same queries and actions as the pages. For people: docs/api.md."""
