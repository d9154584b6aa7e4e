"""Many tenants on one node: load, evict, lease, drain."""
