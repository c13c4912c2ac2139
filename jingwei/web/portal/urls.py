"""Addresses of the portal."""

from django.urls import path

from jingwei.web.portal import following, home, report

urlpatterns = [
    path("", home.home, name="home"),
    path("report", report.report, name="report"),
    path("report/<slug:kind>", report.report, name="report-kind"),
    path("report/<slug:kind>/similar", report.similar, name="similar"),
    path("reported/<str:code>", report.reported, name="reported"),
    path("follow", following.find, name="find-case"),
    path("f/<str:code>", following.follow, name="follow"),
    path("f/<str:code>/rate", following.rate, name="rate"),
    path("f/<str:code>/reopen", following.reopen, name="reopen"),
    path("f/<str:code>/add", following.add, name="add"),
    path("f/<str:code>/photo/<uuid:photo_id>", following.photo, name="follow-photo"),
    path("my-grid", home.my_grid, name="my-grid"),
    path("grid/<str:code>", home.grid_board, name="grid-board"),
    path("grid/<str:code>/board.pdf", home.grid_board_pdf, name="grid-board-pdf"),
    path("staff/<int:person>/photo", home.staff_photo, name="staff-photo"),
    path("accessibility", home.accessibility, name="accessibility"),
    path("privacy", home.privacy, name="privacy"),
]
