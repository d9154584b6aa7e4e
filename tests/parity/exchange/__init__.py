"""A stock pb_data comes in, is the same here, goes out, and is the same under the stock server again."""
