"""Cases: a procedure in YAML, played by actions that ask the rules, write once and tell afterwards."""
