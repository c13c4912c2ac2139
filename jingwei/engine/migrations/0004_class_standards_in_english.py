from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("engine", "0003_viewer"),
    ]

    operations = [
        migrations.AddField(
            model_name="caseclass",
            name="filed_when_en",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AddField(
            model_name="caseclass",
            name="closed_when_en",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
    ]
