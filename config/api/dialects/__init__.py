"""The same service in other vendors' words: names, shapes, statuses and errors. No rule of business and no write is here; services have those."""
