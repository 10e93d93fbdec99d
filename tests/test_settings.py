"""Settings: who wins, what a mistake says, and that no key is ever shown."""

import subprocess
import sys
import traceback
from pathlib import Path
from typing import Literal

import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, field_validator

from fluxtui.settings import Loaded, SettingsError, glance, load
from fluxtui.settings.core import CoreModel
from fluxtui.settings.sections import fields

CANARY = "sk-canary-0123456789abcdef"


class Service(BaseModel):
    """A provider's settings as providers write them."""

    model_config = ConfigDict(frozen=True)

    key: SecretStr | None = Field(None, validation_alias=AliasChoices("SERVICE_KEY", "OLD_SERVICE_KEY"))
    url: str = Field("https://api.example", validation_alias="SERVICE_URL")
    seconds: float = Field(2.0, validation_alias="SERVICE_SECONDS", gt=0)
    models: tuple[str, ...] = Field((), validation_alias="SERVICE_MODELS")
    kind: Literal["fast", "good"] = Field("fast", validation_alias="SERVICE_KIND")

    @field_validator("url")
    @classmethod
    def _https(cls, value: str) -> str:
        if not value.startswith("https://"):
            raise ValueError(f"it should begin with https://, unlike {value}")
        return value


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for model in (CoreModel, Service):
        for field in fields(model):
            for name in field.names:
                monkeypatch.delenv(name, raising=False)


def written(folder: Path, *, env: str = "", toml: str = "") -> Path:
    (folder / ".env").write_text(env, "utf-8")
    (folder / "fluxtui.toml").write_text(toml, "utf-8")
    return folder


def problem_of(folder: Path, *, env: str = "", toml: str = "", section: bool = False) -> SettingsError:
    written(folder, env=env, toml=toml)
    with pytest.raises(SettingsError) as caught:
        load(directory=folder).section(Service if section else CoreModel)
    return caught.value


class TestPrecedence:
    def test_defaults(self, tmp_path: Path) -> None:
        core = load(directory=tmp_path).core
        assert core.output_root_dir == tmp_path / "output"
        assert (core.output_include_metadata, core.output_layout, core.log_level) == (True, "by_target", "INFO")
        assert (core.enabled_providers, core.default_provider, core.enable_bfl_flux) == (None, None, True)
        assert (core.theme, core.images) == (None, "auto")

    def test_option_then_environment_then_dotenv_then_toml(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written(tmp_path, env="SERVICE_URL=https://dotenv", toml='service_url = "https://toml"')
        monkeypatch.setenv("SERVICE_URL", "https://environment")

        def seen(loaded: Loaded) -> tuple[str, str | None]:
            return loaded.section(Service).url, loaded.origin("SERVICE_URL")

        assert seen(load({"SERVICE_URL": "https://option"}, tmp_path)) == ("https://option", "option")
        assert seen(load({}, tmp_path)) == ("https://environment", "environment")
        monkeypatch.delenv("SERVICE_URL")
        assert seen(load({}, tmp_path)) == ("https://dotenv", ".env")
        (tmp_path / ".env").unlink()
        assert seen(load({}, tmp_path)) == ("https://toml", "fluxtui.toml")
        (tmp_path / "fluxtui.toml").unlink()
        assert seen(load({}, tmp_path)) == ("https://api.example", "default")

    def test_a_higher_place_wins_whichever_alias_it_uses(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLUX_LOG_LEVEL", "debug")
        loaded = load(directory=written(tmp_path, env="LOG_LEVEL=ERROR"))
        assert loaded.core.log_level == "DEBUG"
        assert loaded.origin("LOG_LEVEL") == loaded.origin("FLUX_LOG_LEVEL") == "environment"

    def test_empty_counts_as_not_set(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LOG_LEVEL", " ")
        written(tmp_path, env="LOG_LEVEL=\nOUTPUT_LAYOUT\nSERVICE_KEY=''", toml='log_level = "ERROR"')
        loaded = load({"LOG_LEVEL": ""}, tmp_path)
        assert loaded.core.log_level == "ERROR"
        assert loaded.section(Service).key is None

    def test_the_current_directory_is_where_files_are_looked_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(written(tmp_path, env="OUTPUT_ROOT_DIR=pictures"))
        assert load().core.output_root_dir == Path("pictures")

    def test_where_it_stands_can_be_asked(self, tmp_path: Path) -> None:
        loaded = load(directory=written(tmp_path, env="\n# why\nLOG_LEVEL=ERROR\n"))
        assert loaded.place("FLUX_LOG_LEVEL") == f"in {tmp_path}/.env, line 3"
        assert loaded.place("OUTPUT_LAYOUT") is None
        assert loaded.origin("NO_SUCH_THING") is None


class TestValues:
    @pytest.mark.parametrize(
        ("env", "toml"),
        [
            ("ENABLED_PROVIDERS=azure_flux, BFL,", ""),
            ("", 'enabled_providers = ["Azure-Flux", "bfl_flux"]'),
            ('ENABLED_PROVIDERS=["azure", "bfl"]', ""),
        ],
    )
    def test_providers_in_any_spelling(self, tmp_path: Path, env: str, toml: str) -> None:
        loaded = load(directory=written(tmp_path, env=env, toml=toml))
        assert loaded.core.enabled_providers == ("azure-flux", "bfl")

    @pytest.mark.parametrize(
        ("text", "given"),
        [
            ("azure_flux", "azure-flux"),
            ("bfl/flux-pro-1.1", "bfl/flux-pro-1.1"),
            ("AZURE-FLUX/FLUX_x", "azure-flux/FLUX_x"),
        ],
    )
    def test_the_default_provider_may_be_a_target(self, tmp_path: Path, text: str, given: str) -> None:
        assert load({"DEFAULT_PROVIDER": text}, tmp_path).core.default_provider == given

    def test_tables_of_toml_spell_variables(self, tmp_path: Path) -> None:
        toml = '[service]\nurl = "https://toml"\nmodels = ["a", "b"]\nseconds = 3\n'
        service = load(directory=written(tmp_path, toml=toml)).section(Service)
        assert (service.url, service.models, service.seconds) == ("https://toml", ("a", "b"), 3.0)

    def test_a_section_is_the_model_asked_for(self, tmp_path: Path) -> None:
        loaded = load({"SERVICE_MODELS": "a, b"}, tmp_path)
        service = loaded.section(Service)
        assert isinstance(service, Service)
        assert service.models == ("a", "b")
        assert loaded.section(Service) is service

    def test_a_home_folder_is_expanded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        assert load({"OUTPUT_ROOT_DIR": "~/art"}, tmp_path / "x").core.output_root_dir == tmp_path / "art"

    def test_byte_order_mark_export_quotes_and_a_folder_called_dotenv(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfexport LOG_LEVEL='ERROR' # quiet\r\n")
        assert load(directory=tmp_path).core.log_level == "ERROR"
        (tmp_path / "b" / ".env").mkdir(parents=True)
        assert load(directory=tmp_path / "b").core.log_level == "INFO"


class TestMistakes:
    def test_an_alias_is_named_as_it_was_spelled_with_file_and_line(self, tmp_path: Path) -> None:
        error = problem_of(tmp_path, env="A=1\n\nFLUX_LOG_LEVEL=loud\n")
        assert error.variables == ("FLUX_LOG_LEVEL",)
        for part in (
            "FLUX_LOG_LEVEL (another name of LOG_LEVEL)",
            f"{tmp_path}/.env, line 3",
            "'loud'",
            "DEBUG",
            "INFO",
        ):
            assert part in str(error)

    @pytest.mark.parametrize(
        ("toml", "parts"),
        [
            ('# top\nOutput_Layout = "by_mood"', ["Output_Layout", "line 2", "by_target", "by_task"]),
            ("\n[service]\nseconds = -1", ["service_seconds", "line 3", "greater than 0"]),
            ('enable_bfl_flux = "perhaps"', ["enable_bfl_flux", "line 1", "true and false"]),
            ("log_level = 10", ["log_level", "line 1"]),
        ],
    )
    def test_toml_is_named_with_its_line(self, tmp_path: Path, toml: str, parts: list[str]) -> None:
        error = problem_of(tmp_path, toml=toml, section=True)
        assert all(part in str(error) for part in [*parts, "fluxtui.toml"]), str(error)

    def test_the_environment_and_options_are_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("output_include_metadata", "maybe")
        with pytest.raises(SettingsError, match="output_include_metadata in the environment"):
            load(directory=tmp_path)
        monkeypatch.delenv("output_include_metadata")
        with pytest.raises(SettingsError, match=r"FLUXTUI_IMAGES given as an option.*auto, kitty, sixel, cells or off"):
            load({"FLUXTUI_IMAGES": "braille"}, tmp_path)

    def test_every_mistake_is_named_at_once(self, tmp_path: Path) -> None:
        error = problem_of(tmp_path, env="LOG_LEVEL=loud\nOUTPUT_LAYOUT=x\nDEFAULT_PROVIDER=/flux\n")
        assert error.variables == ("OUTPUT_LAYOUT", "LOG_LEVEL", "DEFAULT_PROVIDER")
        assert "bfl/flux-pro-1.1" in str(error)

    def test_a_file_is_no_output_folder(self, tmp_path: Path) -> None:
        (tmp_path / "taken").write_text("")
        assert "a file stands there" in str(problem_of(tmp_path, env=f"OUTPUT_ROOT_DIR={tmp_path}/taken"))

    def test_unknown_keys_of_toml_get_a_note_with_the_nearest_name(self, tmp_path: Path) -> None:
        toml = 'output_rot_dir = "x"\nservice_url = "https://a"\nzzz = 1\nother_key = "abcdefghijk"'
        loaded = load(directory=written(tmp_path, toml=toml))
        loaded.know("OTHER_KEY")
        loaded.section(Service)
        first, second = loaded.notes
        assert "output_rot_dir" in first
        assert "line 1" in first
        assert "OUTPUT_ROOT_DIR" in first
        assert "zzz" in second

    def test_broken_files_are_named_with_the_line(self, tmp_path: Path) -> None:
        for name, content in (
            ("fluxtui.toml", b'a = 1\nb = "open\n'),
            ("fluxtui.toml", b"a = 1\n# \xff\n"),
            (".env", b"A=1\nB='" + CANARY.encode() + b"\n"),
            (".env", b"A=1\nSERVICE_KEY=" + CANARY.encode() + b"\xe4\n"),
        ):
            folder = tmp_path / str(len(list(tmp_path.iterdir())))
            folder.mkdir()
            (folder / name).write_bytes(content)
            with pytest.raises(SettingsError, match=rf"{name}, line 2,") as caught:
                load(directory=folder)
            assert caught.value.problem.advice
            assert CANARY not in everything_about(caught.value)


def everything_about(error: BaseException) -> str:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None:
        chain.append(link)
        link = link.__cause__ or link.__context__
    shown = [repr(item) + str(item) + repr(item.__dict__) for item in chain]
    return "".join([*shown, *traceback.TracebackException.from_exception(error, capture_locals=False).format()])


class TestSecrets:
    def test_a_key_is_found_masked_and_handed_to_the_log(self, tmp_path: Path) -> None:
        loaded = load(directory=written(tmp_path, env=f"OLD_SERVICE_KEY={CANARY}\nUNUSED_API_KEY=another-{CANARY}\n"))
        service = loaded.section(Service)
        assert service.key is not None
        assert service.key.get_secret_value() == CANARY
        assert {key.get_secret_value() for key in loaded.secrets()} == {CANARY, f"another-{CANARY}"}
        for text in (repr(loaded), repr(service), str(service), repr(loaded.secrets()), *loaded.notes):
            assert CANARY not in text

    def test_no_mistake_shows_a_key(self, tmp_path: Path) -> None:
        # As the wrong type, in the wrong variable, and inside what a validator says about another one.
        for toml in (
            f'service_key = ["{CANARY}"]',
            f'service_seconds = "{CANARY}"',
            f'service_key = "{CANARY}"\nservice_url = "ftp://{CANARY}"',
        ):
            error = problem_of(tmp_path, toml=toml, section=True)
            assert CANARY not in everything_about(error)
            assert "service_" in str(error)

    def test_notes_do_not_show_values(self, tmp_path: Path) -> None:
        (note,) = load(directory=written(tmp_path, toml=f'serivce_kye = "{CANARY}"')).notes
        assert CANARY not in note


def test_importing_it_is_cheap() -> None:
    heavy = "('pydantic', 'pydantic_settings', 'dotenv')"
    script = f"import sys, fluxtui.settings; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_example_explains_every_core_variable_and_reads_as_the_defaults(tmp_path: Path) -> None:
    example = (Path(__file__).parent.parent / ".env.example").read_text("utf-8")
    defaults = load(directory=tmp_path).core
    for field in fields(CoreModel):
        assert f"\n{field.names[0]}=" in example
        assert all(name in example for name in field.names)
    assert load(directory=written(tmp_path, env=example)).core == defaults


def test_a_glance_reads_without_checking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("FLUXTUI_THEME=paper\nOUTPUT_ROOT_DIR=below\n")
    monkeypatch.setenv("OUTPUT_ROOT_DIR", "above")
    seen = glance("OUTPUT_ROOT_DIR", "FLUXTUI_THEME", "FLUXTUI_IMAGES", directory=tmp_path)
    assert seen == {"OUTPUT_ROOT_DIR": "above", "FLUXTUI_THEME": "paper"}
