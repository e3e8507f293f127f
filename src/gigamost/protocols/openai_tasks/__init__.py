"""OpenAI's API beside chat (server role): embeddings, models, files, pictures, moderation."""

from gigamost.core.face import (
    DeleteFile,
    Endpoint,
    GetFile,
    GetModel,
    ListFiles,
    ListModels,
    ReadFile,
    ServeEmbeddings,
    ServeImages,
    ServeModerations,
    UploadFile,
)
from gigamost.protocols.openai_tasks import embeddings, files, images, models, moderations

__all__ = ["ENDPOINTS"]

_SERVICES = (
    ("POST", "/embeddings", ServeEmbeddings(embeddings.Exchange)),
    ("GET", "/models", ListModels(models.encode_list)),
    ("GET", "/models/{model:path}", GetModel(models.encode)),
    ("POST", "/files", UploadFile(files.decode_upload, files.encode)),
    ("GET", "/files", ListFiles(files.encode_list)),
    ("GET", "/files/{file}", GetFile(files.encode)),
    ("DELETE", "/files/{file}", DeleteFile(files.encode_deleted)),
    ("GET", "/files/{file}/content", ReadFile()),
    ("POST", "/images/generations", ServeImages(images.Exchange)),
    ("POST", "/moderations", ServeModerations(moderations.Exchange)),
)
ENDPOINTS = tuple(
    Endpoint(method, prefix + path, service) for prefix in ("/v1", "") for method, path, service in _SERVICES
)
