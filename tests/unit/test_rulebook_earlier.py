"""Texts that shipped earlier: found by their digest, kept where they were adopted, named by whoever asks for them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from shared.platform.officefile.errors import OfficeFileError
from shared.rules.commands.judge import judge_command
from shared.rules.commands.rulebook import rulebook
from shared.rules.rulebooks.loading import EARLIER, load, shipped
from shared.rules.rulebooks.registry import Registry, StoredText
from tests.rules.form import expand

FIRST = {
    "base": "ac49d12783a2fcdbd551fbf0c9cfdd81a3313b2ee5dd4bbca2942129ed8c86ab",
    "confirmation": "09b1f8cfadc7a147343b8d5150e33bfdc54520f8b0d4277a68a53d4ed7db31fb",
    "getian": "f1ccd0d327014332a645ddde00c11aaef432f41f3800067e7fdda8c940bac166",
    "handbook": "f3de8e4d707409e8eb7597dd365c32579f2db665245a57df59af352dc8b0ea01",
    "reception": "3cc119998de70037682e48c268037a611f32eadb7164c7edec6ba6721de723d7",
    "shijiazhuang": "a7530aa997c8e5c013b7834da1e62132ffb64663886e715bbde17e541f9b8545",
}
"""The digests under which offices adopted the first texts."""
FOUND_AFTER_A_DEAL = [
    {"adopt": "a1", "at": "03-01 08:00", "from": "03-01 09:00", "rulebook": "reception"},
    {"visit": "v1", "at": "03-01 10:00", "who": "1", "by": "li"},
    {"visit": "v2", "at": "03-02 10:00", "who": "2", "by": "wang"},
    {"deal": "d1", "at": "03-02 16:00", "who": "2", "by": "wang"},
    {"survey": "y1", "at": "03-03 10:00", "who": "1 2"},
]


def judged(folder: Path, *options: str) -> dict[str, int]:
    """The shares of the one deal of an office that adopted `reception`."""
    facts = folder / "facts.ndjson"
    facts.write_text("\n".join(json.dumps(expand(event)) for event in FOUND_AFTER_A_DEAL), encoding="utf-8")
    done = CliRunner().invoke(judge_command, ["--rulebook", "base", *options, str(facts)])
    assert done.exit_code == 0, done.output
    shares: dict[str, int] = json.loads(done.stdout)["deals"][0]["shares"]
    return shares


def run(*words: str) -> Result:
    return CliRunner().invoke(rulebook, list(words))


@pytest.mark.parametrize("name", FIRST)
def test_a_text_that_shipped_is_there_byte_for_byte(name: str) -> None:
    """The digest of a chain that was adopted is that of a chain that still ships."""
    texts = [EARLIER[-1] / f"{book}.yaml" for book in dict.fromkeys(("base", name))]
    assert hashlib.sha256(b"".join(path.read_bytes() for path in texts)).hexdigest() == FIRST[name]
    assert Registry().find(f"{name}@{FIRST[name]}").rulebook.sha256 == FIRST[name]


def test_what_was_adopted_goes_on_deciding() -> None:
    """Where an earlier text was adopted its name and version mean that one; the others are today's."""
    registry = Registry()
    books = registry.books
    assert registry.keep([StoredText("reception", 1, FIRST["reception"])]) == []
    kept = books["reception", 1]
    assert (kept.sha256, kept.discovery.after_deal.effect) == (FIRST["reception"], "closer")
    assert hashlib.sha256(b"".join(registry.texts_of(("reception", 1)))).hexdigest() == FIRST["reception"]
    assert books["getian", 1] is load("getian")


def test_an_own_book_keeps_the_texts_that_it_extended(tmp_path: Path) -> None:
    """An office's own book that extends one that was amended since is what it was when it was adopted."""
    path = tmp_path / "riverside.yaml"
    path.write_text("rulebook: riverside\nversion: 1\nextends: shijiazhuang\n", encoding="utf-8")
    chain = [EARLIER[-1] / "base.yaml", EARLIER[-1] / "shijiazhuang.yaml", path]
    adopted = hashlib.sha256(b"".join(part.read_bytes() for part in chain)).hexdigest()
    registry = Registry(tmp_path)
    assert registry.books["riverside", 1].named.honoured
    assert registry.keep([StoredText("riverside", 1, adopted)]) == []
    assert not registry.books["riverside", 1].named.honoured


def test_a_text_that_never_shipped_is_told() -> None:
    """A digest that no text has is a sentence that names it; nothing is judged by another text in silence."""
    assert "another text, 000000000000" in Registry().keep([StoredText("getian", 1, "0" * 64)])[0]


def test_a_scope_that_began_before_texts_were_kept_began_under_the_first() -> None:
    """Without a digest the first text is meant, where it decides otherwise than today's."""
    registry = Registry()
    assert registry.keep([StoredText("base", 1), StoredText("handbook", 1)]) == []
    found = registry.books["handbook", 1].sha256, registry.books["base", 1].sha256
    assert found == (FIRST["handbook"], load("base").sha256)


def test_a_file_is_judged_by_the_text_that_is_named(tmp_path: Path) -> None:
    """An adoption means today's text, or the one that `--adopted` names; so does `--rulebook`."""
    assert judged(tmp_path) == {"li": 7000, "wang": 3000}
    earlier = f"reception@{FIRST['reception'][:12]}"
    assert judged(tmp_path, "--adopted", earlier) == {"wang": 10000}
    assert judged(tmp_path, "--rulebook", earlier) == {"wang": 10000}


def test_commands_show_both_texts() -> None:
    """list marks what shipped earlier; show, explain and diff take it by its digest."""
    listed = [line for line in run("list").output.splitlines() if "earlier text" in line]
    assert [line.split()[0] for line in listed] == list(shipped())
    rows = json.loads(run("list", "--json").output)
    assert [row["sha256"] for row in rows if row["earlier"]] == [FIRST[name] for name in shipped()]
    earlier = f"reception@{FIRST['reception'][:12]}"
    told = run("diff", earlier, "reception").output
    assert told.split()[0] == earlier and "discovery.after_deal.effect" in told
    assert run("explain", earlier).exit_code == 0
    source = (EARLIER[-1] / "reception.yaml").read_text(encoding="utf-8")
    assert run("show", "--source", earlier).output == source


def test_a_digest_that_no_text_has_is_refused() -> None:
    """A digest that is wrong names no book."""
    with pytest.raises(OfficeFileError):
        Registry().find("reception@00000000")
    assert run("show", "reception@00000000").exit_code == 2
