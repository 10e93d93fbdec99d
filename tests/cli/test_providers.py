"""`fluxtui providers`: as JSON for scripts, and for a person."""

from fluxtui.history.database import database_path
from fluxtui.history.journal import Journal
from tests.cli.conftest import Command, Here


def test_as_json_it_is_whole(command: Command) -> None:
    services = command("providers", "--json").json["services"]
    bfl = next(service for service in services if service["id"] == "bfl")
    assert (bfl["name"], bfl["state"], bfl["missing"]) == ("Black Forest Labs", "unconfigured", ["BFL_FLUX_API_KEY"])
    model = next(model for model in bfl["models"] if model["model"] == "flux-pro-1.1")
    assert model["target"] == "bfl/flux-pro-1.1"
    assert model["supports"] == {
        "seed": True, "negative_prompt": False, "steps": False, "guidance": False, "references": 1, "n": False,
    }  # fmt: skip
    assert (model["sizes"]["multiple"], model["sizes"]["default"]) == (32, "1024x768")
    assert model["price"] == {"text": "$0.04", "low": 0.04, "high": 0.04, "known": True}
    unknown = [model["price"] for service in services for model in service["models"] if not model["price"]["known"]]
    assert unknown
    assert all((price["low"], price["high"]) == (None, None) for price in unknown)


def test_in_the_sandbox_everything_is_ready(command: Command) -> None:
    services = command("providers", "--sandbox", "--json", "--model", "flux-dev").json["services"]
    assert {service["state"] for service in services} == {"ready"}
    assert {model["target"] for service in services for model in service["models"]} >= {"bfl/flux-dev"}


def test_a_person_reads_what_is_missing_and_what_there_is(command: Command) -> None:
    ended = command("providers", "--model", "dall-e-3")
    assert "openai  OpenAI: not configured, it needs OPENAI_API_KEY" in ended.out
    assert "openai/dall-e-3" in ended.out
    assert "retired 2026-05-12" in ended.out
    assert "bfl" not in ended.out
    nothing = command("providers", "--model", "no such model")
    assert (nothing.out, "No target" in nothing.err) == ("", True)


def test_the_credits_of_the_last_check_are_shown(command: Command, here: Here) -> None:
    with Journal(database_path(here.workspace)):
        pass
    checked = {each["id"]: each for each in command("check", "--sandbox", "--json").json["services"]}
    assert checked["bfl"]["credits"] is not None
    for arguments, credits_of_bfl in ((("--sandbox",), checked["bfl"]["credits"]), ((), None)):
        services = {each["id"]: each for each in command("providers", "--json", *arguments).json["services"]}
        assert services["bfl"]["credits"] == credits_of_bfl
    assert "credits at the last check" in command("providers", "--sandbox", "--model", "flux-dev").out
