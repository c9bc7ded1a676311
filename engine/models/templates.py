"""The words in which a denoiser is told a label: one template a model, stored with it, used everywhere.

A model that was fine-tuned on other words than it is asked in tells little: its folder says which, in template.json.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.errors import ModelError, SettingsError
from engine.models.roles import ModelSpec

ROOT = Path(__file__).resolve().parents[2]
FILE = "template.json"


@dataclass(frozen=True)
class Template:
    """Prompts of a label and of none.

    Args:
        label: holds {} once, where the label goes.
        null: the prompt without a label.
        is_known: whether the model's folder says so; else it is the usual one, which may not be what it learned.

    Raises:
        SettingsError: {} does not stand in it just once.
    """

    label: str = "An image of {}"
    null: str = ""
    is_known: bool = False

    def __post_init__(self) -> None:
        if self.label.count("{}") != 1:
            raise SettingsError(f"The template {self.label!r} does not hold {{}} once.", "Write: An image of {}.")

    def of(self, label: str) -> str:
        """The prompt of a label."""
        return self.label.replace("{}", label)


def template_of(spec: ModelSpec) -> Template:
    """What a model was trained with, from its folder; the usual template where it does not say. Loads no model.

    Raises:
        ModelError: the file is there and is no template.
    """
    folder = folder_of(spec)
    if folder is None or not (folder / FILE).is_file():
        return Template()
    try:
        said = json.loads((folder / FILE).read_text("utf-8"))
        return Template(str(said["label"]), str(said["null"]), is_known=True)
    except (OSError, ValueError, KeyError, TypeError, SettingsError) as problem:
        raise ModelError(
            f"{folder / FILE} is no template: {problem}.", 'Write {"label": "An image of {}", "null": ""}.'
        ) from None


def folder_of(spec: ModelSpec) -> Path | None:
    """Where a model lies on this machine, beside the program or anywhere; None where it is only named."""
    return next((p for p in (Path(spec.name).expanduser(), ROOT / spec.name) if p.is_dir()), None)


def write_template(template: Template, folder: Path) -> None:
    """Put it beside a model."""
    said = {name: text for name, text in asdict(template).items() if name != "is_known"}
    (folder / FILE).write_text(json.dumps(said) + "\n", "utf-8")
