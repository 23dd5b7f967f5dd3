"""``python -m mentorkit_webpush`` prints a new private key, for before the plugin is listed."""

from mentorkit_webpush.sealing import new_key

print(new_key())
