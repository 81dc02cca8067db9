def read(*a,**k): return []
