"""The checker: what is wrong with a playbook or a class list, said before anybody may publish it."""
