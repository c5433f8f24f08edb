"""What a user likes: theme, colours, markers, refresh rate. Kept as app.toml in the user's config directory."""

from pathlib import Path
from typing import Literal

import tomli
import tomlkit
from platformdirs import user_config_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class AppSettings(BaseModel):
    """The user's settings; a field's title and description are what the settings dialogue shows."""

    model_config = ConfigDict(extra="ignore", validate_assignment=True)

    theme: str = Field(default="gradlab-dark", title="theme", description="Colours of the app.")
    colours: Literal["colour-blind", "theme"] = Field(
        default="colour-blind",
        title="curves",
        description="Colours of curves: safe for all colour vision, or the theme's own.",
    )
    markers: Literal["unicode", "ascii"] = Field(
        default="unicode", title="markers", description="Characters curves are drawn with; ascii for plain terminals."
    )
    refresh_rate: int = Field(
        default=4, ge=1, le=20, title="redraws per second", description="How often a running training is redrawn."
    )
    hint_seen: bool = False


def default_path() -> Path:
    """Where the settings are kept."""
    return user_config_path("gradlab", appauthor=False) / "app.toml"


def load(path: Path) -> tuple[AppSettings, str]:
    """The settings in that file, and what is wrong with it, if anything; then, and without a file, the defaults."""
    try:
        return AppSettings.model_validate(tomli.loads(path.read_text(encoding="utf-8-sig"))), ""
    except FileNotFoundError:
        return AppSettings(), ""
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        wrong = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        reason = wrong or type(error).__name__
        return AppSettings(), f"{path}: {reason}; using the defaults"


def save(settings: AppSettings, path: Path) -> None:
    """Write the settings. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(tomlkit.dumps(settings.model_dump()), encoding="utf-8")
