"""Addresses of the field."""

from django.urls import path

from jingwei.web.field import acting, grid, mine, report, task, today

urlpatterns = [
    path("", today.today, name="field-today"),
    path("task/<uuid:case_id>", task.task, name="field-task"),
    path("task/<uuid:case_id>/do/<slug:kind>/<slug:name>", acting.act, name="field-act"),
    path("report", report.report, name="field-report"),
    path("reported/<str:code>", report.reported, name="field-reported"),
    path("grid", grid.grid, name="field-grid"),
    path("grid/cases", grid.cases, name="field-grid-cases"),
    path("me", mine.mine, name="field-me"),
]
