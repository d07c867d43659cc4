"""Take files of forms to disk as they come, and no more of them than anybody may send.

A file beyond the limit is read to its end and thrown away, so that the sender gets an answer;
the page finds `upload_too_large` on the request instead of a file.
"""

from typing import Final

from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

BYTES_MAX: Final = 201_000_000


class CappedUploadHandler(TemporaryFileUploadHandler):
    """Writes to a private temporary file, up to a limit over all files of a request."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._taken = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Take a piece, or stop taking."""
        self._taken += len(raw_data)
        if self._taken > BYTES_MAX:
            self.request.upload_too_large = True  # type: ignore[union-attr]
            raise StopUpload(connection_reset=False)
        return super().receive_data_chunk(raw_data, start)


def is_too_large(request: HttpRequest) -> bool:
    """Tell whether a file of the request was cut off for its size."""
    return bool(getattr(request, "upload_too_large", False))
