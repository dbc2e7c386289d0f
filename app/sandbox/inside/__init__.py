"""Programs that run inside the sandbox; nothing outside imports them."""
