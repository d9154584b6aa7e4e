"""HTTP in our words: request, response, router, and errors made statuses."""
