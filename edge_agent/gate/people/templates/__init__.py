"""A backup of templates: its lines, its seal, and which of it belongs into this sensor."""
