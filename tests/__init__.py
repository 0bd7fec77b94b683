"""Tests, by what they look at; see CONTRIBUTING.md."""
