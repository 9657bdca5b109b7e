"""Interactions and prompt templates in the database: documents by id, always within one project."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct
from sqlalchemy import Connection, Table, select

from pipeline.api.documents import Documents
from pipeline.api.interactions import Interaction
from pipeline.api.prompts import PromptTemplate
from pipeline.studio.database import holds, upsert
from pipeline.studio.facts import FULL_INTERACTION
from pipeline.studio.failures import missing
from pipeline.studio.tables import interactions, prompts, runs, session_runs

__all__ = ["documents_of_session", "get_interaction", "get_prompt", "put_documents"]

_MANY = 500
_HEAVY = ("content", "inputSchema", "test_data")
"""What a reference to a template leaves out."""


def put_documents(connection: Connection, project: str, found: Documents) -> None:
    """Store interactions and templates; one that is there already is replaced."""
    _put(connection, interactions, project, _keyed(found.interactions, Interaction))
    _put(connection, prompts, project, _keyed(found.prompts, PromptTemplate))


def get_interaction(connection: Connection, project: str, ident: str) -> bytes:
    """The interaction, its templates as references; 404 for one that is not the project's.

    One that was not imported is served as the newest run that holds it in full shows it.
    """
    document = _document(connection, interactions, project, ident)
    document = document or _shown_by_a_run(connection, project, ident)
    if document is None:
        raise missing("interaction", ident)
    return _with_references(connection, project, document)


def get_prompt(connection: Connection, project: str, ident: str) -> bytes:
    """The template's document; 404 for one that is not the project's."""
    document = _document(connection, prompts, project, ident)
    if document is None:
        raise missing("prompt template", ident)
    return document


def documents_of_session(connection: Connection, project: str, session: str) -> list[bytes]:
    """What the session's runs are rendered from: their interactions, and the templates of those.

    In the order of their ids, interactions first.
    """
    members = (session_runs.c.run == runs.c.id) & (runs.c.project == project)
    of_session = session_runs.c.session == session
    named = select(runs.c.interaction).join(session_runs, members).where(of_session).distinct()
    wanted = {ident for ident in connection.execute(named).scalars() if ident}
    found = _documents(connection, interactions, project, wanted)
    held = select(runs.c.ref).join(session_runs, members).where(of_session)
    shown = connection.execute(held.where(holds(runs.c.facts, FULL_INTERACTION))).scalars()
    holders = [*found.values(), *{_interaction_in(ref) for ref in shown}]
    templates = {ident for holder in holders for ident in _template_ids(holder)}
    texts = _documents(connection, prompts, project, templates)
    return [*_by_id(found), *_by_id(texts)]


def _keyed(documents: Mapping[str, bytes], kind: type[Struct]) -> list[dict[str, Any]]:
    rows = []
    for ident, document in documents.items():
        keys: Any = msgspec.json.decode(document, type=kind)
        version = None if keys.version is None else str(keys.version)
        rows.append({"id": ident, "name": keys.name, "version": version, "document": document})
    return rows


def _put(connection: Connection, table: Table, project: str, rows: list[dict[str, Any]]) -> None:
    upsert(connection, table, ("project", "id"), [{"project": project, **row} for row in rows])


def _document(connection: Connection, table: Table, project: str, ident: str) -> bytes | None:
    return _documents(connection, table, project, (ident,)).get(ident)


def _documents(
    connection: Connection, table: Table, project: str, idents: Iterable[str]
) -> dict[str, bytes]:
    wanted = sorted(set(idents))
    found: dict[str, bytes] = {}
    for start in range(0, len(wanted), _MANY):
        query = select(table.c.id, table.c.document).where(
            table.c.project == project, table.c.id.in_(wanted[start : start + _MANY])
        )
        found.update((row.id, bytes(row.document)) for row in connection.execute(query))
    return found


def _by_id(documents: Mapping[str, bytes]) -> list[bytes]:
    return [documents[ident] for ident in sorted(documents)]


def _shown_by_a_run(connection: Connection, project: str, ident: str) -> bytes | None:
    query = (
        select(runs.c.ref)
        .where(runs.c.project == project, runs.c.interaction == ident)
        .where(holds(runs.c.facts, FULL_INTERACTION))
        .order_by(runs.c.updated_at.desc(), runs.c.id)
        .limit(1)
    )
    ref = connection.execute(query).scalar_one_or_none()
    return None if ref is None else _interaction_in(ref)


def _interaction_in(ref: bytes) -> bytes:
    """The interaction that a run's reference holds in full."""
    return bytes(msgspec.json.decode(ref, type=dict[str, Raw])["interaction"])


def _with_references(connection: Connection, project: str, document: bytes) -> bytes:
    """The interaction with its templates as the platform shows them: references, no texts."""
    fields = msgspec.json.decode(document, type=dict[str, Raw])
    segments = msgspec.json.decode(fields.get("prompts", b"null"))
    if not isinstance(segments, list):
        return document
    bare = {ident for one in segments if isinstance(ident := _template_of(one), str)}
    known = _documents(connection, prompts, project, bare)
    shown = [_referring(segment, known) for segment in segments]
    fields["prompts"] = Raw(msgspec.json.encode(shown))
    return msgspec.json.encode(fields)


def _referring(segment: Any, known: Mapping[str, bytes]) -> Any:
    template = _template_of(segment)
    if isinstance(template, str):
        template = msgspec.json.decode(known[template]) if template in known else {"id": template}
    if not isinstance(template, dict):
        return segment
    return {**segment, "template": {key: template[key] for key in template if key not in _HEAVY}}


def _template_of(segment: Any) -> Any:
    return segment.get("template") if isinstance(segment, dict) else None


def _template_ids(interaction: bytes | str) -> set[str]:
    segments = msgspec.json.decode(interaction).get("prompts")
    found = set()
    for segment in segments if isinstance(segments, list) else ():
        template = _template_of(segment)
        ident = template.get("id") if isinstance(template, dict) else template
        if isinstance(ident, str):
            found.add(ident)
    return found
