"""OpenAI's API beside chat (server role): embeddings, models, files, batches, pictures, moderation; and what its
relatives have beside it: Azure's paths, LiteLLM's and Copilot's lists of models."""

from gigamost.core.batches import (
    CancelBatch,
    CreateBatch,
    GetBatch,
    ListBatches,
)
from gigamost.core.face import (
    DeleteFile,
    Endpoint,
    ExchangeKey,
    GetFile,
    GetModel,
    ListFiles,
    ListModels,
    ReadFile,
    ServeEmbeddings,
    ServeImages,
    ServeModerations,
    ShowUsage,
    UploadFile,
)
from gigamost.protocols.openai_tasks import (
    batches,
    copilot,
    embeddings,
    files,
    images,
    litellm,
    models,
    moderations,
    usage,
)

__all__ = ["ENDPOINTS"]

_OF_A_MODEL = (
    ("POST", "/embeddings", ServeEmbeddings(embeddings.Exchange)),
    ("POST", "/images/generations", ServeImages(images.Exchange)),
)
_SERVICES = (
    *_OF_A_MODEL,
    ("GET", "/models", ListModels(models.encode_list)),
    ("GET", "/models/{model:path}", GetModel(models.encode)),
    ("POST", "/files", UploadFile(files.decode_upload, files.encode, unused=files.unused)),
    ("GET", "/files", ListFiles(files.encode_list, has_batches=True)),
    ("GET", "/files/{file}", GetFile(files.encode)),
    ("DELETE", "/files/{file}", DeleteFile(files.encode_deleted)),
    ("GET", "/files/{file}/content", ReadFile()),
    ("POST", "/batches", CreateBatch("openai", batches.ID_PREFIX, batches.decode, batches.encode_created)),
    ("GET", "/batches", ListBatches("openai", batches.decode_window, batches.encode_list)),
    ("GET", "/batches/{batch}", GetBatch("openai", batches.encode)),
    ("POST", "/batches/{batch}/cancel", CancelBatch("openai", batches.encode_cancelled)),
    ("POST", "/moderations", ServeModerations(moderations.Exchange)),
    ("GET", "/usage", ShowUsage(usage.decode, usage.encode)),
)
_RELATIVES = (
    *(Endpoint(method, "/openai/deployments/{model}" + path, service) for method, path, service in _OF_A_MODEL),
    *(Endpoint("GET", root + "/model/info", ListModels(litellm.encode_info)) for root in ("/v1", "")),
    Endpoint("GET", "/models", ListModels(copilot.encode_models), copilot.HEADERS),
    Endpoint("GET", "/copilot_internal/v2/token", ExchangeKey(copilot.encode_token)),
)
_ROOTS = ("/v1", "", "/openai/v1", "/openai")
ENDPOINTS = (
    *(Endpoint(method, root + path, service) for root in _ROOTS for method, path, service in _SERVICES),
    *_RELATIVES,
)
