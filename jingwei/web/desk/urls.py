"""Addresses of the desk."""

from django.urls import path

from jingwei.web.desk import call, case, queues, unlocated

urlpatterns = [
    path("", queues.desk, name="desk"),
    path("q/unlocated", unlocated.unlocated, name="desk-unlocated"),
    path("q/<slug:name>", queues.queue, name="desk-queue"),
    path("bulk", queues.bulk, name="desk-bulk"),
    path("asks", queues.asks, name="desk-asks"),
    path("tasks", queues.tasks, name="desk-tasks"),
    path("search", queues.search, name="search"),
    path("reminders", queues.reminders, name="reminders"),
    path("call", call.call, name="desk-call"),
    path("call/similar", call.similar, name="desk-call-similar"),
    path("called/<uuid:case_id>", call.called, name="desk-called"),
    path("case/<uuid:case_id>", case.case, name="desk-case"),
    path("case/<uuid:case_id>/viewers", case.viewers, name="desk-viewers"),
    path("case/<uuid:case_id>/do/<slug:kind>/<slug:name>", case.act, name="desk-act"),
    path("case/<uuid:case_id>/link", case.link, name="desk-link"),
    path("case/<uuid:case_id>/reveal", case.reveal, name="desk-reveal"),
    path("case/<uuid:case_id>/photo/<uuid:photo_id>", case.photo, name="desk-photo"),
    path("case/<uuid:case_id>/work-order.pdf", case.work_order, name="desk-work-order"),
]
