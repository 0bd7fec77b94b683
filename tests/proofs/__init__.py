"""The figures of the issues at full size; `make prove` runs them."""
