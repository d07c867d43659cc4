"""Who may operate and where: brands, regions, stores, staff, roles by scope, keys, audit."""
