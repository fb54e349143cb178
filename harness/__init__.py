"""The machinery every task and every judge shares; it knows none of them by name."""
