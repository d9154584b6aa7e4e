"""Collections and their fields: options, validation, storage form."""
