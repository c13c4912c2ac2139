"""What every face stands on.

Who is asking, in which language, how a refusal is said, how a procedure's fields become a form.
"""
