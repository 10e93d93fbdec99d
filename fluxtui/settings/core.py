"""The settings that are not one service's, as pydantic checks them."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, field_validator

from fluxtui.domain.batch import EXTRA_SPELLINGS
from fluxtui.settings.loaded import Images, Layout, Settings

_LEVELS = {"warn": "WARNING", "fatal": "CRITICAL"}
_SPELLINGS = {spelling: name for name, spellings in EXTRA_SPELLINGS.items() for spelling in spellings}


def _lower(value: object) -> object:
    return value.lower().replace("-", "_") if isinstance(value, str) else value


def _level(value: object) -> object:
    return _LEVELS.get(value.lower(), value.upper()) if isinstance(value, str) else value


def provider_id(text: str) -> str:
    """Return a provider's id from any spelling of it: `azure_flux`, `Azure-Flux`, `bfl_flux`."""
    name = text.strip().lower()
    return _SPELLINGS.get(name) or _SPELLINGS.get(name.replace("-", "_")) or name.replace("_", "-")


class CoreModel(BaseModel):
    """Variables and defaults; `.env.example` explains each."""

    output_root_dir: str = Field("output", validation_alias="OUTPUT_ROOT_DIR")
    output_include_metadata: bool = Field(True, validation_alias="OUTPUT_INCLUDE_METADATA")
    output_layout: Annotated[Layout, BeforeValidator(_lower)] = Field("by_target", validation_alias="OUTPUT_LAYOUT")
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        BeforeValidator(_level),
    ] = Field("INFO", validation_alias=AliasChoices("LOG_LEVEL", "FLUX_LOG_LEVEL"))
    enabled_providers: tuple[str, ...] | None = Field(None, validation_alias="ENABLED_PROVIDERS")
    default_provider: str | None = Field(None, validation_alias="DEFAULT_PROVIDER")
    enable_bfl_flux: bool = Field(True, validation_alias="ENABLE_BFL_FLUX")
    enable_content_moderation: bool = Field(True, validation_alias="ENABLE_CONTENT_MODERATION")
    blocked_words: tuple[str, ...] = Field((), validation_alias="BLOCKED_WORDS")
    max_images_per_request: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, validation_alias="MAX_IMAGES_PER_REQUEST"
    )
    theme: str | None = Field(None, validation_alias="FLUXTUI_THEME")
    images: Annotated[Images, BeforeValidator(_lower)] = Field("auto", validation_alias="FLUXTUI_IMAGES")

    @field_validator("output_root_dir")
    @classmethod
    def _folder(cls, value: str) -> str:
        try:
            path = Path(value).expanduser()
        except RuntimeError as error:
            raise ValueError("it names a home folder that does not exist") from error
        if path.exists() and not path.is_dir():
            raise ValueError("it should be a folder (it is made when it does not exist), and a file stands there")
        return str(path)

    @field_validator("enabled_providers")
    @classmethod
    def _ids(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if value is None else tuple(dict.fromkeys(provider_id(item) for item in value if item.strip()))

    @field_validator("default_provider")
    @classmethod
    def _target(cls, value: str | None) -> str | None:
        if value is None:
            return None
        provider, slash, model = value.partition("/")
        if not provider.strip():
            raise ValueError("it should be a provider or a target, for example bfl or bfl/flux-pro-1.1")
        return provider_id(provider) + (f"/{model.strip()}" if slash and model.strip() else "")

    def settings(self, directory: Path) -> Settings:
        """Return the settings without pydantic; a relative folder counts from `directory`."""
        return Settings(
            output_root_dir=directory / self.output_root_dir,
            output_include_metadata=self.output_include_metadata,
            output_layout=self.output_layout,
            log_level=self.log_level,
            enabled_providers=self.enabled_providers,
            default_provider=self.default_provider,
            enable_bfl_flux=self.enable_bfl_flux,
            blocked_words=self.blocked_words if self.enable_content_moderation else (),
            max_images_per_request=self.max_images_per_request,
            theme=self.theme,
            images=self.images,
        )
