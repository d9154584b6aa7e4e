"""Random worlds and requests, asked of the real PocketBase and of pbe, until they answer differently."""
