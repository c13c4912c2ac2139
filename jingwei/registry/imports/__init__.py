"""Areas, borders, people and links from the files people have: `batches` previews, runs and takes back."""
