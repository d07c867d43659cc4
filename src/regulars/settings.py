"""Deployment settings, read once from the environment; a wrong one stops the start with a sentence.

What staff change while the system runs stands in rows, not here; constants stand in the domain
that means them. Secrets may come from a file: `NAME_FILE` instead of `NAME`.
"""

import os
from pathlib import Path
from typing import Any, cast

from django.core.exceptions import ImproperlyConfigured

from regulars.web import crypto, postgres


def setting(name: str, default: str = "") -> str:
    """Read one setting; `NAME_FILE` names a file that holds it."""
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return os.environ.get(name, default)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read.") from error


def flag(name: str, *, default: bool = False) -> bool:
    """Read a yes-or-no setting: 1 or 0."""
    text = setting(name, "1" if default else "0")
    if text not in {"0", "1"}:
        raise ImproperlyConfigured(f"{name} is 1 or 0, not “{text}”.")
    return text == "1"


def number(name: str, default: int) -> int:
    """Read a whole number."""
    text = setting(name, str(default))
    if not text.isdecimal():
        raise ImproperlyConfigured(f"{name} is a whole number, not “{text}”.")
    return int(text)


def database(url: str, *, keep: bool = True) -> dict[str, Any]:
    """Turn a libpq URL into Django's settings: bound by the server, prepared when repeated."""
    known = postgres.connection_settings(url)
    options = cast("dict[str, Any]", known["OPTIONS"])
    return {
        **known,
        "CONN_MAX_AGE": None if keep else 0,
        "CONN_HEALTH_CHECKS": keep,
        "OPTIONS": {**options, "server_side_binding": True, "prepare_threshold": 3},
    }


MEANINGS = {
    "REGULARS_VAR": "Folder of all state: database, keys, files. Make it private to one account.",
    "DATABASE_URL": "PostgreSQL (15 or newer) as the application's role; empty: the embedded one.",
    "DATABASE_OWNER_URL": "The same database as the role that migrates; empty: `DATABASE_URL`.",
    "SECRET_KEY": "Signs sessions and forms; empty: made on first run under `REGULARS_VAR/keys`.",
    "ALLOWED_HOSTS": "Host names the console answers to, separated by commas.",
    "PUBLIC_URL": "Address under which others reach us; with https, cookies become secure.",
    "BODY_BYTES_MAX": "Largest request body.",
    "API_CALLS_PER_MINUTE": "Calls an API key may make in a minute.",
    "TRUSTED_PROXIES": "How many proxies in front are ours, for the caller's address.",
    "DEAD_LETTER_OPEN_DAYS": "Days after which a dead letter that nobody settled is dropped.",
    "DEAD_LETTER_SETTLED_DAYS": "Days for which a settled dead letter stays listed.",
    "LOG_LEVEL": "How much is logged: DEBUG, INFO, WARNING or ERROR.",
}

REGULARS_VAR = Path(setting("REGULARS_VAR", "./var")).expanduser().absolute()
_embedded = postgres.urls_for(REGULARS_VAR)
DATABASE_URL = setting("DATABASE_URL", _embedded.app)
DATABASE_OWNER_URL = setting("DATABASE_OWNER_URL", setting("DATABASE_URL", _embedded.owner))
DATABASES = {
    "default": database(DATABASE_URL),
    "owner": {**database(DATABASE_OWNER_URL, keep=False), "TEST": {"MIRROR": "default"}},
}
DATABASE_ROUTERS: list[str] = []

DEBUG = False
SECRET_KEY = setting("SECRET_KEY") or crypto.ensure_keyring(REGULARS_VAR / "keys").web_secret
ALLOWED_HOSTS = setting("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
PUBLIC_URL = setting("PUBLIC_URL", "")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
HTTPS = PUBLIC_URL.startswith("https://")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "procrastinate.contrib.django",
    "regulars.web",
    "regulars.events",
    "regulars.access",
    "regulars.members",
    "regulars.commerce",
    "regulars.ingest",
    "regulars.ledger",
    "regulars.loyalty",
    "regulars.console",
    "regulars.apps.RegularsConfig",
]
MIDDLEWARE = [
    "regulars.web.metrics.MeterMiddleware",
    "regulars.web.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "regulars.web.middleware.ActorMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "regulars.web.health.DatabaseAwayMiddleware",
]
AUTH_USER_MODEL = "access.Staff"
ROOT_URLCONF = "regulars.urls"
WSGI_APPLICATION = "regulars.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [Path(__file__).parent / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [Path(__file__).parent / "static"]
STATIC_ROOT = REGULARS_VAR / "static"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "/sign-in"
CSRF_FAILURE_VIEW = "regulars.console.pages.stale_form"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "regulars_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "regulars.console.pages.stale_form"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"  # no query while drawing
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # what else runs below this host is not ours to bind to TLS
    "security.W008",  # the proxy that holds the certificate redirects; here it could only loop
    "security.W021",  # whoever owns the domain decides about preloading it
]
FILE_UPLOAD_HANDLERS = ["regulars.web.uploads.CappedUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = number("BODY_BYTES_MAX", 5_000_000)
APPEND_SLASH = False

API_CALLS_PER_MINUTE = number("API_CALLS_PER_MINUTE", 60_000)
TRUSTED_PROXIES = number("TRUSTED_PROXIES", 0)
if HTTPS and TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DEAD_LETTER_OPEN_DAYS = number("DEAD_LETTER_OPEN_DAYS", 180)
DEAD_LETTER_SETTLED_DAYS = number("DEAD_LETTER_SETTLED_DAYS", 90)
LOG_LEVEL = setting("LOG_LEVEL", "INFO")
PROCRASTINATE_ON_APP_READY = None
LOGGING_CONFIG = None

if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is empty.")
