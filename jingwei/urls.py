"""Every address, by face."""

from django.urls import include, path

handler500 = "jingwei.web.shell.middleware.failed"
urlpatterns = [
    path("", include("jingwei.web.portal.urls")),
    path("", include("jingwei.web.shell.urls")),
    path("field/", include("jingwei.web.field.urls")),
    path("desk/", include("jingwei.web.desk.urls")),
    path("board/", include("jingwei.web.board.urls")),
    path("admin/", include("jingwei.web.admin.urls")),
    path("api/", include("jingwei.web.api.urls")),
]
