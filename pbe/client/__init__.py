"""HTTP as a client: pooled connections toward nodes and other servers."""
