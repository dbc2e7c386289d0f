"""The `mge` command, a module per noun."""
