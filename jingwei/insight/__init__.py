"""Reading aids: similar open cases. They never decide anything."""
