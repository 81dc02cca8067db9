"""What is made from the OpenAPI document: the typed Python client and the Postman collection. Dictionaries in, text out."""
