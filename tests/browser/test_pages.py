"""Every page of the console, as the table of permissions has them: who may open it, and that everybody can read it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from playwright.sync_api import Page

from tests.browser.hostile import WATCHED
from tests.browser.hostile import WORDS as PROGRAMS
from tests.browser.pages import PageAddress, addresses, allowed, filled, known, roles
from tests.browser.readable import readable
from tests.support.console import ConsoleUnderTest, Visitors

GETS = [
    one for one in addresses("GET") if one.path not in ("/healthz", "/readyz", "/metrics", "/openapi.json")
]
POSTS = addresses("POST")
CLOSED = [one for one in (*GETS, *POSTS) if one.action != "page.enter"]
STREAMS = ("/live/", "/sign-in/openid")
FILES = ("/evidence", "/workbook", "/rejected", "/proof")
READ = [
    one for one in GETS if not one.path.startswith(("/assets", *STREAMS)) and not one.path.endswith(FILES)
]
NATURAL = ("reception", "consultant", "manager", "auditor")
"""Who looks at a page, in the order in which one is chosen."""

CHINESE = re.compile(r"[一-鿿]")
LATIN = re.compile(r"[A-Za-z]{3,}")
CODES = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b|\b[a-z]+\.[a-z0-9_]+\b", re.ASCII)
"""Case numbers, and clauses by their rulebook."""
SAME = re.compile(
    r"English|XLSX?|YAML|extends|CSV|PDF|N?D?JSON|SHA|Panke|WeChat|panke|verify|judge|demo|base|reception|getian|"
    r"shijiazhuang|confirmation|handbook"
)
"""Names of products and formats, ids of rulebooks, and what the invented office notes: the same in both languages."""
TEXTS = """() => {
  const seen = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (seen.nextNode())
    if (!seen.currentNode.parentElement.closest("code, [data-id], [lang=en], script, noscript, svg"))
      found.push(seen.currentNode.textContent);
  return found;
}"""
WORDS = "nav a, h1:not([data-id]), h2, h3, label, legend, button:not([lang]), th, .hint, .empty"


def named(address: PageAddress) -> str:
    return f"{address.method} {address.path}"


def reader(address: PageAddress) -> str | None:
    """Somebody who may open the page; nobody of what is open before a sign-in."""
    if address.action == "page.enter":
        return None
    return next(role for role in (*NATURAL, *roles()) if allowed(address.action, role))


def shown(visitors: Visitors, console: ConsoleUnderTest, address: PageAddress, **way: str) -> Page:
    """The page, opened; skipped where it is of something that nobody made here."""
    path = filled(address.path, console)
    if path is None:
        pytest.skip(f"{address.path} is of something that its own test makes")
    page, errors = visitors.reading(reader(address), WATCHED, **way)
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, (path, answer.status, page.inner_text("main"))
    assert errors == []
    return page


@pytest.mark.parametrize("address", CLOSED, ids=named)
def test_nobody_has_a_page_without_a_session(
    visitors: Visitors, console: ConsoleUnderTest, address: PageAddress
) -> None:
    """Pages lead to the sign-in, forms are refused, and neither says whether what is named is there."""
    path = re.sub(r"{[^}]+}", "x", address.path)
    with visitors.asking(None) as http:
        answer = http.request(address.method, path)
    if address.method == "GET":
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")
    else:
        assert answer.status_code == 401


@pytest.mark.parametrize("role", roles())
def test_a_role_opens_what_the_table_allows_and_nothing_else(
    visitors: Visitors, console: ConsoleUnderTest, role: str
) -> None:
    """What is not allowed is 403 or, where the scope may not be known of, 404."""
    with visitors.asking(role) as http:
        for address in READ:
            path = filled(address.path, console)
            if path is None or address.action == "page.enter":
                continue
            status = http.get(path).status_code
            if not allowed(address.action, role):
                assert status in (403, 404), (role, path, status)
            elif "{" in address.path.replace("{scope}", "").replace("{office}", ""):
                assert status in (200, 404), (role, path, status)  # out of reach is as if it were not there
            else:
                assert status in (200, 303), (role, path, status)


@pytest.mark.parametrize("role", roles())
def test_a_role_sends_no_form_that_the_table_does_not_allow(
    visitors: Visitors, console: ConsoleUnderTest, role: str
) -> None:
    with visitors.asking(role) as http:
        for address in POSTS:
            if allowed(address.action, role):
                continue
            path = re.sub(r"{(\w+)[^}]*}", lambda found: known(console).get(found[1], "x"), address.path)
            assert http.post(path).status_code in (403, 404), (role, path)


@pytest.mark.parametrize("address", POSTS, ids=named)
@pytest.mark.parametrize(
    "site", [{"sec-fetch-site": "cross-site"}, {"origin": "http://evil.example"}], ids=["site", "origin"]
)
def test_a_form_of_another_page_is_refused(
    visitors: Visitors, console: ConsoleUnderTest, address: PageAddress, site: Mapping[str, str]
) -> None:
    """Whoever is signed in and looks at a page of somebody else's sends nothing here unknowingly."""
    path = re.sub(r"{(\w+)[^}]*}", lambda found: known(console).get(found[1], "x"), address.path)
    with visitors.asking("manager") as http:
        del http.headers["sec-fetch-site"]
        answer = http.post(path, headers=dict(site), data={"x": "1"})
    assert answer.status_code == 403


@pytest.mark.parametrize("address", READ, ids=named)
def test_a_page_is_nobody_s_frame_and_has_no_script_within(
    visitors: Visitors, console: ConsoleUnderTest, address: PageAddress
) -> None:
    path = filled(address.path, console)
    if path is None:
        pytest.skip("made by its own test")
    with visitors.asking(reader(address)) as http:
        headers = http.get(path).headers
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("address", READ, ids=named)
def test_a_page_can_be_read_at_a_desk_in_chinese(
    visitors: Visitors, console: ConsoleUnderTest, address: PageAddress
) -> None:
    """WCAG 2.2 AA as far as a machine can tell, nothing over the edge of the window, and no English that was forgotten.

    Ids and codes stand in elements that say so (`code`, `data-id`).
    """
    page = shown(visitors, console, address)
    readable(page)
    told = CODES.sub("", " ".join(page.evaluate(TEXTS)))
    words = {word for word in LATIN.findall(told) if not SAME.fullmatch(word)}
    assert words - set(console.logins) - PROGRAMS == set(), page.url


@pytest.mark.parametrize("address", READ, ids=named)
def test_a_page_can_be_read_on_a_telephone_in_english(
    visitors: Visitors, console: ConsoleUnderTest, address: PageAddress
) -> None:
    """The same on a small screen; the words of menus, headings, labels, buttons and hints are English."""
    page = shown(visitors, console, address, size="phone", language="en")
    readable(page)
    words = page.eval_on_selector_all(WORDS, "found => found.map(one => one.textContent.trim())")
    assert [one for one in words if CHINESE.search(one) and "（演示）" not in one] == [], page.url


@pytest.mark.parametrize("address", READ, ids=named)
def test_a_page_is_read_without_scripts(
    visitors: Visitors, console: ConsoleUnderTest, address: PageAddress
) -> None:
    """What it says is there before any script: the same headings and as many rows."""
    path = filled(address.path, console)
    if path is None:
        pytest.skip("made by its own test")
    with visitors.asking(reader(address)) as http:
        answer = http.get(path, follow_redirects=True)
    assert re.search(r"<h1[^>]*>\s*\S", answer.text)
    assert len(answer.content) < 150_000
