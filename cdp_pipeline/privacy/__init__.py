"""People's rights over their data: what a home knows of a person, erasing it, consents, and how long data is kept."""
