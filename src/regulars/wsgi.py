"""The door that web servers knock at."""

import os

from django.core.wsgi import get_wsgi_application

from regulars.web import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
logs.configure(os.environ.get("LOG_LEVEL", "INFO"))
application = get_wsgi_application()
