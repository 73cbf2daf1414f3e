"""Web, worker and an embedded Valkey as supervised processes of one machine."""
