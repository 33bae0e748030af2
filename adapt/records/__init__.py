"""Records: one JSON file per run, its schema and its identity."""
