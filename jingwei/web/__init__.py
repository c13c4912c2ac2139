"""The faces: portal, field, desk, board, admin, and the API. They ask queries and call actions only."""
