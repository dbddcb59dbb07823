"""The embedded pages and the JSON they save through: one module per page, named like its template and its test."""
