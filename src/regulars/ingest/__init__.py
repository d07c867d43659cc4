"""Outside facts come in: API, webhooks and files are parsed, checked and written down."""
