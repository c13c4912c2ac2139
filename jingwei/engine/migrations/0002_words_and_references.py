"""What no model says: the index of words (see jingwei/engine/words.py), and when references are checked.

The index is a tsvector with GIN on PostgreSQL, an FTS5 table on SQLite.
"""

from django.db import migrations

from jingwei.kernel.migrating import check_references_at_once


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE TABLE engine_words (case_id uuid PRIMARY KEY, words tsvector NOT NULL)")
        schema_editor.execute("CREATE INDEX engine_words_gin ON engine_words USING gin (words)")
    else:
        schema_editor.execute(
            "CREATE VIRTUAL TABLE engine_words USING fts5(case_id UNINDEXED, words, tokenize = 'unicode61')"
        )


def drop(apps, schema_editor):
    schema_editor.execute("DROP TABLE engine_words")


class Migration(migrations.Migration):
    dependencies = [("engine", "0001_initial"), ("registry", "0001_initial"), ("kernel", "0001_initial")]
    operations = [
        migrations.RunPython(make, drop),
        migrations.RunPython(check_references_at_once, migrations.RunPython.noop),
    ]
