"""Reading in a process of its own, which may be killed: ``parent`` is what a worker uses, ``child`` what runs apart, ``wire`` what they say.

Pure: the child knows no Django, no settings, no database, no keys and no storage. It gets the bytes of one document and answers with fields.
"""
