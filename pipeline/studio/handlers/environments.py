"""`/environments`: providers' accounts, and which of their models can be trained."""

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from pipeline.api.environments import AIModel, Environment
from pipeline.studio.keys import Caller
from pipeline.studio.sessions import environment_of
from pipeline.studio.state import Studio
from pipeline.studio.tables import environments
from pipeline.trainers import PROVIDERS

__all__ = ["ROUTES", "trainable"]


@get("/environments", sync_to_thread=True)
def list_environments(
    studio: NamedDependency[Studio], caller: NamedDependency[Caller]
) -> list[Environment]:
    """All environments of the project, by id."""
    query = select(environments.c.document).where(environments.c.project == caller.project)
    with studio.database.read() as connection:
        found = connection.execute(query.order_by(environments.c.id)).scalars().all()
    return [msgspec.json.decode(document, type=Environment) for document in found]


@get("/environments/{environment:str}", sync_to_thread=True)
def retrieve_environment(
    studio: NamedDependency[Studio], caller: NamedDependency[Caller], environment: FromPath[str]
) -> Environment:
    """One environment."""
    with studio.database.read() as connection:
        return environment_of(connection, caller.project, environment)


@get("/environments/{environment:str}/trainable-models", sync_to_thread=True)
def trainable_models(
    studio: NamedDependency[Studio], caller: NamedDependency[Caller], environment: FromPath[str]
) -> list[AIModel]:
    """The environment's models that its provider trains."""
    with studio.database.read() as connection:
        return trainable(environment_of(connection, caller.project, environment))


def trainable(environment: Environment) -> list[AIModel]:
    """The enabled models (and the default one) that the catalog says are trained."""
    provider = PROVIDERS.get(environment.provider)
    if provider is None:
        return []
    listed = {model.id: model for model in environment.enabled_models}
    default = environment.default_model
    if default is not None and default not in listed:
        listed[default] = AIModel(default, default, environment.provider)
    return [model for model in listed.values() if provider.trains(model.id)]


ROUTES = [list_environments, retrieve_environment, trainable_models]
