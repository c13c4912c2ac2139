"""The portal: residents report, follow by code, rate, see who answers. Phone first, no account."""
