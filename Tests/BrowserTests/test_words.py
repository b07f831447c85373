"""Goal: every page speaks six languages wholly, and says of each error that it can meet what to do next."""

import json
import re

import pytest
import yaml
from conftest import ROOT

PAGES = ROOT / "nginx" / "html"
LANGUAGES = ["en", "es", "fr", "de", "pt", "am"]
FOLDERS = {"anybody": PAGES / "common" / "words", "signed in": PAGES / "common" / "words" / "inside"}
PARTS = {(who, language): json.loads((folder / f"{language}.json").read_text()) for who, folder in FOLDERS.items() for language in LANGUAGES}
WORDS = {language: PARTS["anybody", language] | PARTS["signed in", language] for language in LANGUAGES}
SCRIPTS = {path: path.read_text() for path in PAGES.rglob("*.js")}

# What only the host, providers, and programs are told, and what only the administrators' pages ask for, in English.
NOT_FOR_PEOPLE = {
    "phone_missing", "phone_token_invalid", "code_not_accepted", "insufficient_scope", "role_required", "own_account", "signature_invalid",
    "user_unknown", "nothing_pending", "method_not_allowed", "external_id_taken", "no_phone", "approval_over", "idempotency_mismatch",
    "idempotency_in_progress", "body_too_large", "unsupported_media_type", "misdirected_request",
}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_language_has_the_same_words_with_the_same_values(language):
    def values(text):
        return sorted(re.findall(r"\{\w+\}", text))

    assert [list(PARTS[who, language]) for who in FOLDERS] == [list(PARTS[who, "en"]) for who in FOLDERS]
    assert [name for name in WORDS["en"] if values(WORDS[language][name]) != values(WORDS["en"][name])] == []
    assert [name for name, text in WORDS[language].items() if not text.strip()] == []


def test_every_word_that_a_script_says_is_there_and_every_word_is_said():
    said = set()
    for text in SCRIPTS.values():
        said |= set(re.findall(r'"((?:[a-z]+)(?:[A-Z][a-z]+)?(?:\.[A-Za-z0-9_]+)*)"', text))
    families = {match for text in SCRIPTS.values() for match in re.findall(r"[`\"]([a-zA-Z.]+\.)\$\{", text)} | {"missing.", "unavailable."}
    calls = {name for text in SCRIPTS.values() for name in re.findall(r'\bsay\("([^"]+)"', text)}

    assert sorted(name for name in calls if name not in WORDS["en"]) == []
    assert sorted(name for name in WORDS["en"] if name not in said and not name.startswith(tuple(families))) == []


def imported(script, seen):
    """A script and all that it imports, at once or later."""
    if script not in seen:
        seen.add(script)
        for name in re.findall(r"""(?:from|import\()\s*"([^"]+)\"""", SCRIPTS[script]):
            imported(PAGES / name[1:] if name.startswith("/") else (script.parent / name).resolve(), seen)
    return seen


@pytest.mark.parametrize("page", ["account/login", "account/register", "account/code", "account/forgot", "common/said"])
def test_what_is_said_before_somebody_is_signed_in_is_among_the_words_for_anybody(page):
    texts = [SCRIPTS[script] for script in imported(PAGES / f"{page}.js", set())]
    said = {name for text in texts for name in re.findall(r'\bsay\("([^"]+)"', text)}
    families = tuple({match for text in texts for match in re.findall(r"\bsay\(`([a-zA-Z.]+\.)\$\{", text)})

    assert sorted(name for name in said if name not in PARTS["anybody", "en"]) == []
    assert [name for name in PARTS["signed in", "en"] if families and name.startswith(families)] == []


def test_every_error_that_a_person_can_meet_says_what_to_do():
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    codes = set(document["components"]["schemas"]["Error"]["properties"]["code"]["enum"]) - NOT_FOR_PEOPLE

    assert sorted(code for code in codes if f"problem.{code}" not in WORDS["en"]) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_wholly_in_a_language_and_fit_a_narrow_screen(visitor, system, language):
    person, each = system.person_with_sms(), visitor(viewport={"width": 320, "height": 640})
    each.context.add_init_script(f"localStorage.setItem('language', '{language}')")
    pages = ["/account/login", "/account/forgot"]
    faults = []

    def look(path):
        each.go(path)
        text = each.page.locator("body").inner_text()
        faults.extend(f"{path}: {name}" for name in re.findall(r"\b[a-z]+\.[a-z][A-Za-z]+(?:\.[a-z]\w+)*\b", text) if name in WORDS["en"])
        if each.page.evaluate("() => document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{path} is cut off")
        if each.page.locator("html").get_attribute("lang") != language:
            faults.append(f"{path} is not in {language}")

    for path in pages:
        look(path)
    each.enter(person)
    for path in ["/account/security", "/dashboard"]:
        look(path)

    assert faults == []


def test_every_page_has_the_same_frame():
    """Without a build step the frame stands in each file; this keeps the copies one."""
    def frame(path):
        text = re.sub(r"<title>.*?</title>|<script[^>]*></script>|<link rel=\"modulepreload\"[^>]*>", "", path.read_text())
        return re.sub(r"\n+", "\n", re.sub(r'(<main id="main" tabindex="-1")[^>]*>', r"\1>", text))

    pages = [path for path in PAGES.rglob("*.html") if path.parent.name not in ("docs", "sandbox")]
    frames = {frame(path) for path in pages}

    assert len(pages) == 18 and len(frames) == 1


def test_no_script_makes_markup_of_text_or_keeps_what_is_secret():
    sinks = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|\beval\(|new Function|setAttribute\(\"style\"|sessionStorage|indexedDB|document\.cookie")
    kept = [call for text in SCRIPTS.values() for call in re.findall(r"localStorage\.setItem\(([^,)]*)", text)]

    assert [str(path) for path, text in SCRIPTS.items() if sinks.search(text)] == []
    # A language, and whether a key leads to the search.
    assert sorted(kept) == ['"docs.slash"', "KEPT"]
    assert [str(path) for path in PAGES.rglob("*.html") if re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)|https?://", path.read_text())] == []
