"""Loads schemes: a shipped name or a file, with every scheme that it extends, checked, merged and cited.

As with rulebooks, the digest of a scheme is over the bytes of its chain, root first, so name, version and digest name
exactly one set of values.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from shared.contract.profile import catalogue
from shared.i18n import Text
from shared.platform.officefile.conversion import as_msgspec_says, convert, named
from shared.platform.officefile.document import Document, parse
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.officefile.nodes import MAX_BYTES
from shared.rules.rulebooks.folder import rulebook_files
from shared.rules.schemes.scheme import Scheme
from shared.rules.schemes.shape import (
    SECTIONS,
    KeyGrant,
    LevelEntry,
    LevelsSection,
    NamedEntry,
    NamesSection,
    SchemeFile,
    SchemeSections,
)

SchemeId = tuple[str, int]
"""Name and version."""
_SHIPPED: Final = Path(__file__).parent
BASE: Final = "base"


@functools.cache
def shipped_schemes() -> tuple[str, ...]:
    """The names of the schemes that ship, `base` first."""
    names = sorted(path.stem for path in _SHIPPED.glob("*.yaml"))
    return (BASE, *(name for name in names if name != BASE))


def load_scheme(name_or_path: str | Path) -> Scheme:
    """The scheme of a shipped name or of a file; raises `OfficeFileError`."""
    if isinstance(name_or_path, str) and name_or_path in shipped_schemes():
        return _shipped(name_or_path)
    return _read(Path(name_or_path), str(name_or_path), ())


def scheme_of_texts(texts: Iterable[bytes], shown: str) -> Scheme:
    """The scheme of the texts of its chain, root first, without any file; raises `OfficeFileError`."""
    scheme: Scheme | None = None
    for raw in texts:
        document = parse(raw, shown)
        scheme = _on(scheme, raw, document, _file(document), shown)
    if scheme is None:
        raise OfficeFileError(shown, 1, "", "there is no text")
    return scheme


class SchemeRegistry(dict[SchemeId, Scheme]):
    """The schemes that may be adopted: those that ship, and those of the deployment's own folder.

    Raises `OfficeFileError` for a file that is wrong, and for a name and version that two schemes have.
    """

    def __init__(self, folder: str | Path = "") -> None:
        super().__init__()
        for name in shipped_schemes():
            self._add(load_scheme(name), f"{name}.yaml")
        for path in _files(folder) if folder else ():
            self._add(load_scheme(path), str(path))

    def find(self, name_or_path: str) -> Scheme:
        """The scheme that a person names, by `habc`, `habc@1` or the path of a file."""
        name, _, version = name_or_path.partition("@")
        for scheme in sorted(self.values(), key=lambda one: -one.version):
            if scheme.name == name and version in ("", str(scheme.version)):
                return scheme
        return load_scheme(name_or_path)

    def with_kept(self, kept: Mapping[SchemeId, Sequence[bytes]]) -> Mapping[SchemeId, Scheme]:
        """These, and by their kept texts those that were adopted and that no file has any more."""
        gone = {known: texts for known, texts in kept.items() if known not in self}
        if not gone:
            return self
        return self | {
            known: scheme_of_texts(texts, f"{known[0]}@{known[1]}") for known, texts in gone.items()
        }

    def _add(self, scheme: Scheme, shown: str) -> None:
        known = scheme.name, scheme.version
        if known in self:
            raise OfficeFileError(shown, 1, "version", f"there is another {scheme.name} {scheme.version}")
        self[known] = scheme


def _files(folder: str | Path) -> list[Path]:
    try:
        return rulebook_files(folder)
    except OSError as error:
        raise OfficeFileError(str(error.filename), 1, "", f"cannot be read: {error.strerror}") from None


@functools.cache
def _shipped(name: str) -> Scheme:
    return _read(_SHIPPED / f"{name}.yaml", f"{name}.yaml", ())


def _read(path: Path, shown: str, inside: tuple[Path, ...]) -> Scheme:
    """Reads one file and, before it, what it extends; `inside` led here."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        known = ", ".join(shipped_schemes())
        reason = f"cannot be read ({error.strerror}); schemes that ship: {known}"
        raise OfficeFileError(shown, 1, "", reason) from None
    document = parse(raw, shown)
    file_ = _file(document)
    return _on(_parent(path, document, file_, (*inside, path.resolve())), raw, document, file_, shown)


def _parent(path: Path, document: Document, file: SchemeFile, inside: tuple[Path, ...]) -> Scheme | None:
    wanted = file.extends
    if wanted is None:
        return None
    if wanted in shipped_schemes() and path.resolve() != _SHIPPED / f"{wanted}.yaml":
        return _shipped(wanted)
    target = path.parent / wanted
    if target.resolve() in inside:
        raise document.bad("extends", "a circle: it leads back to this file")
    if not target.is_file():
        known = ", ".join(shipped_schemes())
        raise document.bad(
            "extends", f"no scheme {wanted}: neither one that ships ({known}) nor a file beside this one"
        )
    return _read(target, str(Path(document.file).parent / wanted), inside)


def _file(document: Document) -> SchemeFile:
    for key, granted in named(document, "keys", "[a-z0-9_]{1,40}"):
        # One by one, so that a mistake has its line.
        convert(document, f"keys.{key}", granted, KeyGrant, as_msgspec_says)
    found: SchemeFile = convert(document, "", document.values, SchemeFile, as_msgspec_says)
    return found


def _on(parent: Scheme | None, raw: bytes, document: Document, file: SchemeFile, shown: str) -> Scheme:
    """The scheme of one more text, and of those that it extends."""
    texts = (*(parent.texts if parent is not None else ()), raw)
    _check(document, file)
    own = {name: getattr(file, name) for name in SECTIONS}
    if parent is not None:
        if parent.name == file.scheme:
            raise document.bad("scheme", f"{file.scheme} is also the name of the scheme that it extends")
        own = {name: getattr(parent.sections, name) if said is None else said for name, said in own.items()}
    for name, said in own.items():
        if said is None and name not in ("keys",):
            raise document.bad(name, "missing, and there is nothing that it extends which has it")
    digest = hashlib.sha256(b"".join(texts)).hexdigest()
    title = Text(file.title.zh, file.title.en)
    return Scheme(file.scheme, file.version, title, digest, texts, SchemeSections(**own))


def _check(document: Document, file: SchemeFile) -> None:
    """What the types cannot say: codes and words stand once, and keys are those of the catalogue that are off."""
    for name in SECTIONS:
        section = getattr(file, name)
        if isinstance(section, LevelsSection | NamesSection):
            _check_codes(document, name, section)
    for key in file.keys or {}:
        entry = catalogue().get(key)
        if entry is None:
            raise document.bad(f"keys.{key}", "is no key of the profile catalogue")
        if not entry.by_scheme:
            raise document.bad(f"keys.{key}", "is on already: it asks for nothing that needs a purpose")


def _check_codes(document: Document, name: str, section: LevelsSection | NamesSection) -> None:
    said: dict[str, int] = {}
    entries: Sequence[LevelEntry | NamedEntry] = section.codes
    for number, one in enumerate(entries):
        words = {one.code} if isinstance(one, LevelEntry) else {one.code, one.zh, *one.synonyms}
        for word in sorted(words):
            if word in said:
                raise document.bad(
                    f"{name}.codes[{number}]", f"{word} stands twice, first as number {said[word] + 1}"
                )
            said[word] = number
