"""Addresses of the board."""

from django.urls import path

from jingwei.web.board import views

urlpatterns = [
    path("", views.board, name="board"),
    path("behind/<slug:what>", views.behind, name="behind"),
]
