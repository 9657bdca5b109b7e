"""The typed client of the training API: one class a resource, one retry, uploads to a URL.

Imports `pipeline.api`, the nouns, httpx2, msgspec and google-crc32c; knows no other room.
"""

from pipeline.client.downloads import download, remote_object
from pipeline.client.failures import NoTrainingApi
from pipeline.client.retry import RetryPolicy
from pipeline.client.stored import RemoteObject
from pipeline.client.studio_client import StudioClient
from pipeline.client.transport import Refusal
from pipeline.client.uploads import UploadGone, upload_file
from pipeline.client.wire import Limits

__all__ = [
    "Limits",
    "NoTrainingApi",
    "Refusal",
    "RemoteObject",
    "RetryPolicy",
    "StudioClient",
    "UploadGone",
    "download",
    "remote_object",
    "upload_file",
]
