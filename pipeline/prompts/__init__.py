"""Prompt templates of the platform: what is known of them, and a prompt made again from them.

The platform stores prompts at one of its three levels only; at STANDARD there are the parameters,
and the templates are in the interaction. `PromptCatalog` holds interactions and templates,
`Renderer` makes a run's segments of them: `text` verbatim, `handlebars` and `jst` in a sandbox.
Pure: no files but its own, no network, no clock, no chance. Imports the nouns.
"""

from pipeline.prompts.catalog import Interaction, PromptCatalog, Template
from pipeline.prompts.render import Renderer
from pipeline.prompts.sandbox import Sandbox
from pipeline.prompts.texts import (
    Rendered,
    RenderedText,
    Segment,
    TemplateRequest,
    Unrendered,
    open_sandbox,
    render_template,
)

__all__ = [
    "Interaction",
    "PromptCatalog",
    "Rendered",
    "RenderedText",
    "Renderer",
    "Sandbox",
    "Segment",
    "Template",
    "TemplateRequest",
    "Unrendered",
    "open_sandbox",
    "render_template",
]
