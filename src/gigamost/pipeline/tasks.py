"""Everything beside chat, as the server calls it: one object, one method per service."""

from gigamost.objects.ids import Seal
from gigamost.pipeline.count import Counter
from gigamost.pipeline.embed import Embedder
from gigamost.pipeline.models import Models
from gigamost.pipeline.moderate import Moderator
from gigamost.pipeline.paint import Painter
from gigamost.pipeline.routes import Routes
from gigamost.pipeline.stored_files import StoredFiles
from gigamost.pipeline.vectors import VectorCache


class Tasks:
    """Every method raises GatewayError."""

    def __init__(self, *, routes: Routes, seal: Seal, vectors: VectorCache) -> None:
        self.count = Counter(routes).count
        models = Models(routes)
        files = StoredFiles(routes, seal)
        self.embed = Embedder(routes, seal, vectors).embed
        self.list_models = models.list_models
        self.get_model = models.get_model
        self.create_image = Painter(routes, seal).create_image
        self.moderate = Moderator(routes).moderate
        self.upload = files.upload
        self.list_files = files.list_files
        self.get_file = files.get_file
        self.read_file = files.read_file
        self.delete_file = files.delete_file
