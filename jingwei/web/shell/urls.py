"""Addresses that every face shares."""

from django.conf import settings
from django.urls import path

from jingwei.web.shell import gallery, health, login, look, places, tokens

urlpatterns = [
    path("healthz", health.health, name="health"),
    path("look", look.look, name="look"),
    path("favicon.ico", look.icon, name="favicon"),
    path("sign-in", login.sign_in, name="sign-in"),
    path("sign-out", login.sign_out, name="sign-out"),
    path("activate", login.activate, name="activate"),
    path("second-factor", login.second_factor, name="second-factor"),
    path("post", login.choose_post, name="choose-post"),
    path("post/switch", login.switch_post, name="switch-post"),
    path("me", login.me, name="me"),
    path("me/end-session", login.end_session, name="end-session"),
    path("me/tokens", tokens.tokens, name="tokens"),
    path("me/tokens/<int:pk>/revoke", tokens.revoke, name="revoke-token"),
    path("place/name", places.name_place, name="name-place"),
    path("place/below", places.list_below, name="list-below"),
    path("place/borders/<str:code>.geojson", places.borders, name="borders"),
    path("find/area", places.find_area, name="find-area"),
    path("find/unit", places.find_unit, name="find-unit"),
]
if settings.DEBUG:
    urlpatterns.append(path("gallery", gallery.gallery, name="gallery"))
