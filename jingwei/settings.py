"""Django settings. What differs from city to city comes from its folder (see `jingwei.city`)."""

from __future__ import annotations

import os
import secrets
from urllib.parse import unquote, urlsplit

from jingwei import city as cities

CITY = cities.current()
TOP = cities.TOP

#: a city that is not there yet gets no keys from somebody who only looks (--help, check)
SECRET_KEY = (cities.key(CITY, "secret") if CITY.home.exists() else secrets.token_bytes(32)).hex()
DEBUG = os.environ.get("JINGWEI_DEBUG") == "1"
ALLOWED_HOSTS = list(CITY.hosts)

INSTALLED_APPS = [
    "jingwei.kernel",
    "jingwei.registry",
    "jingwei.engine",
    "jingwei.insight",
    "jingwei.web",
    "jingwei.demo",
    "jingwei.rows",
    "django.contrib.staticfiles",
    "django.contrib.messages",
    "django_htmx",
    "template_partials",
]
AUTH_USER_MODEL = "kernel.Account"
#: SQLite keeps no further columns in an index; there they are read from the row
SILENCED_SYSTEM_CHECKS = ["models.W040"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "jingwei.urls"
WSGI_APPLICATION = "jingwei.wsgi.application"


def database(address: str) -> dict[str, object]:
    """SQLite in the city's folder, or the PostgreSQL named by an address like postgresql://user@host/name."""
    if not address:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(CITY.home / "city.sqlite3"),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA page_size=2048; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                " PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY",
            },
        }
    url = urlsplit(address)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(url.hostname or ""),
        "PORT": str(url.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False,
        # a server that cannot be reached is said after 5 s, a lock that somebody holds after as long as on
        # SQLite; a kept connection is looked at by kernel.away
        "OPTIONS": {
            "server_side_binding": True,
            "prepare_threshold": 2,
            "connect_timeout": 5,
            "options": "-c lock_timeout=20s",
        },
    }


DATABASES = {"default": database(os.environ.get("JINGWEI_DATABASE", CITY.database))}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "jingwei.web.shell.middleware.Headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "jingwei.web.shell.middleware.Language",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "jingwei.web.shell.middleware.Refusals",
]
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "jingwei.web.shell.context.city",
            ],
            "builtins": [
                "jingwei.web.templatetags.jw",
                "django.templatetags.i18n",
                "django.templatetags.static",
            ],
        },
    }
]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [(code, {"zh-hans": "简体中文", "en": "English"}[code]) for code in CITY.languages]
LOCALE_PATHS = [TOP / "jingwei/web/locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = CITY.time_zone

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(CITY.files)},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["login"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "jingwei.kernel.passwords.ThreeOfFourKinds"},
]

FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 12
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = CITY.secure
CSRF_TRUSTED_ORIGINS = [CITY.address] if CITY.secure else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if CITY.secure else None
DEMO = CITY.demo

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "jingwei.kernel.failures.Discreet",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # what a page refuses or does not find is an answer, not a fault; Django warns of each
    "loggers": {"jingwei": {"level": "INFO"}, "django.request": {"level": "ERROR"}},
}
