"""The settings' routes, names and upstreams as the pipeline takes them."""

from gigamost.config import Settings, Upstream, UpstreamModel
from gigamost.core.models import Capabilities, Model
from gigamost.pipeline.routes import UNKNOWN, Plan
from gigamost.routing.table import Table


def plan_of(settings: Settings) -> Plan:
    offers = {
        row.name: {name: _model(row, name, told) for name, told in row.models.items()} for row in settings.upstreams
    }
    return Plan(
        Table(settings.routes), settings.models.aliases, settings.models.default, offers, settings.queue_timeout
    )


def _model(row: Upstream, name: str, told: UpstreamModel) -> Model:
    capabilities = Capabilities(
        context=told.context,
        max_output=told.max_output,
        vision=told.vision,
        audio=told.audio,
        functions=told.functions,
        structured=UNKNOWN.structured,
        reasoning=told.reasoning,
        strict_objects=UNKNOWN.strict_objects,
    )
    return Model(name, row.name, "chat", row.name, capabilities)
