"""The one place for HTTP edges: deadlines, transport, retries, rate limits, redaction."""
