"""The core's migrations, and the one `env.py` that every plugin's migrations run through."""
