"""The offices' own folder of rulebooks: what may be adopted besides what ships."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.intake.admission.rulebooks import AdoptableRulebooks as IntakeRegistry
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.settings import SettingsError
from shared.rules.commands.judge import judge_command
from shared.rules.commands.rulebook import rulebook
from shared.rules.rulebooks.in_words import differences
from shared.rules.rulebooks.loading import book_of_texts, load, shipped
from shared.rules.rulebooks.mistake_words import mistake_line
from shared.rules.rulebooks.registry import Registry, StoredText

ADOPTION = {
    "id": "0195a000-0000-7000-8000-000000000001",
    "type": "rulebook.adopted",
    "scope": "demo",
    "office": "riverside-hall",
    "actor": "chen",
    "occurred_at": "2026-03-01T09:00:00+08:00",
    "recorded_at": "2026-03-01T01:00:10Z",
    "data": {"rulebook": "riverside", "version": 1, "effective_from": "2026-03-01T00:00:00+08:00"},
}


def write(folder: Path, name: str = "riverside.yaml", *, version: int = 1, extends: str = "base") -> Path:
    title = "title: {zh: 江畔, en: Riverside}"
    path = folder / name
    path.write_text(
        f"rulebook: riverside\nversion: {version}\nextends: {extends}\n{title}\n", encoding="utf-8"
    )
    return path


def judge(folder: Path, *more: str) -> Result:
    facts = folder / "facts.ndjson"
    facts.write_text(json.dumps(ADOPTION), encoding="utf-8")
    return CliRunner().invoke(judge_command, ["--rulebook", "base", *more, str(facts)])


def test_every_version_in_the_folder_may_be_adopted(tmp_path: Path) -> None:
    """Two versions of one book stand in two files; what ships stays what it is."""
    write(tmp_path)
    write(tmp_path, "riverside-2.yaml", version=2, extends="getian")
    (tmp_path / "README.md").write_text("no rulebook", encoding="utf-8")
    books = Registry(tmp_path).books
    assert [known for known in books if known[0] not in shipped()] == [("riverside", 2), ("riverside", 1)]
    assert books["getian", 1] is load("getian")
    assert books["riverside", 2].rotation.calls == "reversed"


def test_the_text_of_a_book_is_what_its_digest_is_of(tmp_path: Path) -> None:
    """The text that is kept at an adoption is the chain, root first."""
    path = write(tmp_path, extends="getian")
    known = Registry(tmp_path)
    texts = known.texts_of(("riverside", 1))
    assert texts == (*Registry().texts_of(("getian", 1)), path.read_bytes())
    built = book_of_texts(texts, "riverside@1")
    assert not differences(known.find("riverside"), built)
    assert built.rulebook.sha256 == known.books["riverside", 1].sha256


def test_two_books_of_one_name_and_version_are_refused(tmp_path: Path) -> None:
    """Which of two texts is meant must never depend on the order of files; nor does a file take a shipped place."""
    first = write(tmp_path)
    second = write(tmp_path, "riverside-copy.yaml")
    with pytest.raises(OfficeFileError) as refused:
        Registry(tmp_path)
    assert str(first) in str(refused.value) and str(second) in str(refused.value)
    second.unlink()
    first.write_text(
        "rulebook: getian\nversion: 1\nextends: base\ntitle: {zh: 葛天, en: Getian}\n", encoding="utf-8"
    )
    with pytest.raises(OfficeFileError, match=r"getian 1 is also getian\.yaml"):
        Registry(tmp_path)


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A folder that is missing, and a file in it that is wrong, are told by path."""
    with pytest.raises(OfficeFileError, match="no-such"):
        Registry(tmp_path / "no-such")
    bad = tmp_path / "bad.yaml"
    bad.write_text("rulebook: bad\n", encoding="utf-8")
    with pytest.raises(OfficeFileError, match=str(bad)):
        Registry(tmp_path)


def test_an_adopted_text_that_changed_or_went_is_told(tmp_path: Path) -> None:
    """What was adopted stays: another text or none under the same version is one sentence each."""
    path = write(tmp_path)
    adopted = [StoredText("riverside", 1, Registry(tmp_path).books["riverside", 1].sha256)]
    assert Registry(tmp_path).keep(adopted) == []
    path.write_text(path.read_text(encoding="utf-8") + "# another word\n", encoding="utf-8")
    assert "another text" in Registry(tmp_path).keep(adopted)[0]
    path.unlink()
    assert "there is no rulebook riverside@1 here" in Registry(tmp_path).keep(adopted)[0]


def test_judge_knows_the_books_of_the_folder(tmp_path: Path) -> None:
    """A journal in which an office adopted its own book is judged where the folder is named, else refused."""
    write(tmp_path)
    refused = judge(tmp_path)
    assert refused.exit_code == 2 and "unknown rulebook riverside version 1" in refused.stderr
    assert judge(tmp_path, "--rulebook-folder", str(tmp_path)).exit_code == 0


def test_a_book_of_the_folder_is_named_like_one_that_ships(tmp_path: Path) -> None:
    """By its name in the newest version, by name and version, or by its path; an unknown name lists what ships."""
    old, new = write(tmp_path), write(tmp_path, "riverside-2.yaml", version=2)
    known = Registry(tmp_path)
    named = [known.find(text).rulebook.version for text in ("riverside", "riverside@1", str(new), str(old))]
    assert named == [2, 1, 2, 1]
    assert known.find("getian@1").rulebook is load("getian")
    with pytest.raises(OfficeFileError, match="shijiazhuang"):
        known.find("riverside@3")
    assert judge(tmp_path, "--rulebook-folder", str(tmp_path), "--rulebook", "riverside@2").exit_code == 0


def test_list_shows_the_books_of_the_folder(tmp_path: Path) -> None:
    """list tells what may be adopted, and ends with 2 where a file of the folder is wrong."""
    path = write(tmp_path)
    found = CliRunner().invoke(rulebook, ["list", "--rulebook-folder", str(tmp_path)])
    now = [line.split()[0] for line in found.output.splitlines() if "earlier text" not in line]
    assert now == [*shipped(), "riverside"]
    path.write_text("rulebook: [", encoding="utf-8")
    assert CliRunner().invoke(rulebook, ["list", "--rulebook-folder", str(tmp_path)]).exit_code == 2


def test_intake_knows_the_names_of_the_folder(tmp_path: Path) -> None:
    """Intake lets be adopted what is named to it and what stands in the folder, by name and version."""
    write(tmp_path, version=3)
    knows = IntakeRegistry(["base@1"], str(tmp_path))
    assert knows("base", 1) and knows("riverside", 3)
    assert knows.has_everywhere("base", 1) and not knows.has_everywhere("riverside", 3)
    assert not knows("riverside", 1) and not knows("getian", 1)


@pytest.mark.parametrize(
    "text", ["rulebook: [", "- a list", "rulebook: riverside\n", "rulebook: 7\nversion: 1\n"]
)
def test_intake_refuses_a_file_that_names_no_book(tmp_path: Path, text: str) -> None:
    """A file in which no name and version can be read stops the service, and is named."""
    (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"PANKE_RULEBOOK_FOLDER.*bad\.yaml"):
        IntakeRegistry([], str(tmp_path))


def test_hidden_files_are_no_books(tmp_path: Path) -> None:
    """What editors and file managers leave beside a book is passed over, by attribution and by intake."""
    write(tmp_path)
    for name in (".riverside.yaml", "._riverside.yaml"):
        (tmp_path / name).write_bytes(b"\x00\x05\x16\x07")
    assert ("riverside", 1) in Registry(tmp_path).books
    assert IntakeRegistry([], str(tmp_path))("riverside", 1)


@pytest.mark.parametrize("name", ["riverside.YAML", "riverside.Yml", "gone.yaml", "folder.yaml", "pipe.yml"])
def test_a_book_that_would_be_passed_over_is_told(tmp_path: Path, name: str) -> None:
    """An ending in capitals, a link to nothing and what is no file stop both services, with its name."""
    if name == "gone.yaml":
        (tmp_path / name).symlink_to(tmp_path / "nothing")
    elif name == "folder.yaml":
        (tmp_path / name).mkdir()
    elif name == "pipe.yml":
        os.mkfifo(tmp_path / name)
    else:
        write(tmp_path, name)
    with pytest.raises(OfficeFileError, match=name):
        Registry(tmp_path)
    with pytest.raises(SettingsError, match=rf"PANKE_RULEBOOK_FOLDER.*{name}"):
        IntakeRegistry([], str(tmp_path))


@pytest.mark.parametrize("version", [0, 1_000_001])
def test_a_version_that_nobody_could_adopt_is_told(tmp_path: Path, version: int) -> None:
    """A version is one that an adoption may name; both services refuse another one by its file."""
    write(tmp_path, version=version)
    with pytest.raises(OfficeFileError, match="version"):
        Registry(tmp_path)
    with pytest.raises(SettingsError, match=r"riverside\.yaml.*version"):
        IntakeRegistry([], str(tmp_path))


REFUSED = {
    "a clause that is not there": "rulebook: own\nversion: 1\nextends: base\nkept: {cite: '9'}\n",
    "a key given twice": "rulebook: own\nversion: 1\nversion: 2\nextends: base\n",
    "an unknown key": "rulebook: own\nversion: 1\nextends: base\nfolow_up: {every: 4 days}\n",
    "values that lack": "rulebook: own\nversion: 1\n",
    "a name that no clause can begin with": "rulebook: Own\nversion: 1\nextends: base\n",
    "the place of one that ships": "rulebook: getian\nversion: 1\nextends: base\n",
    "no mapping": "- own\n",
}


@pytest.mark.parametrize("fault", REFUSED)
def test_intake_refuses_every_book_that_attribution_refuses(tmp_path: Path, fault: str) -> None:
    """No office can adopt a book under which nobody could judge: both read the folder alike, and say the same of it."""
    path = tmp_path / "own.yaml"
    path.write_text(REFUSED[fault], encoding="utf-8")
    with pytest.raises(OfficeFileError) as judged:
        Registry(tmp_path)
    with pytest.raises(SettingsError) as taken:
        IntakeRegistry(["base@1"], str(tmp_path))
    assert str(taken.value) == f"PANKE_RULEBOOK_FOLDER: {mistake_line(judged.value)}"
