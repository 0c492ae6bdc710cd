"""What was found and done, shown: tables, documents for people, charts."""
