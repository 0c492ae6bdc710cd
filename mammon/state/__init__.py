"""What is remembered: one SQLite database per world, and one repository file per table.

Every write is one `BEGIN IMMEDIATE` transaction of one process. Every row carries a seal over its
own values and every document its sha256: bytes that changed on the disk are an error, never an answer.
"""
