"""The WSGI application that granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from jingwei.kernel import ending

if os.environ.get("JINGWEI_TOGETHER"):  # `jingwei serve`: nobody answers for a master that was killed
    ending.tie_to(os.getppid())()

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jingwei.settings")

application = get_wsgi_application()

# what is here now stays: nothing of it need be looked through again; and a request makes more objects than
# the 700 after which Python would look at what is new
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 10, 10)
