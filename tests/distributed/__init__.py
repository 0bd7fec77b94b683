"""An optional suite for a distributed PostgreSQL; docs/adr/0020 tells how it is run."""
