"""Cases of other systems, class lists and catalogue rows from files; kinds for `registry.imports.batches`."""
