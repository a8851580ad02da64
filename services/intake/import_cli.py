"""`panke import`: an old book sent to intake, followed until it is in, its rejected rows fetched."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from shared.access.options import access_address, as_machine
from shared.i18n import bilingual, translated
from shared.platform.text.terminal import say

if TYPE_CHECKING:
    import httpx

REJECTED: Final = 1
REFUSED: Final = 2
WAIT: Final = 120.0
STEP: Final = 0.5
_OPEN: Final = ("waiting", "running")
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUTPUT: Final = click.Path(dir_okay=False, path_type=Path)


class ImportRefusedError(click.ClickException):
    """Intake takes no such import, or it came to nothing."""

    exit_code = REFUSED


@click.command("import")
@click.argument("file", type=_FILE)
@click.option("--office", required=True, help="the office whose book it is")
@click.option(
    "--kind", required=True, type=click.Choice(["visits", "calls", "outreach", "followups", "deals"]),
    help="what the book lists; of follow-ups and deals none can be brought in yet",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="read and count, record nothing")
@click.option("--mapping", type=_FILE, help="a JSON file: which heading means which field")
@click.option("--sheet", help="which sheet is read, where several are filled")
@click.option("--year", type=click.IntRange(2000, 2100), help="of days that name no year")
@click.option("--attested-by", help="the staff id of who vouches for the book: its rows are carried over")
@click.option("--rejected", type=_OUTPUT, help="write the rejected rows here, as a workbook with the reasons")
@click.option("--detach", is_flag=True, help="do not wait for the end")
@click.option(
    "--intake", envvar="PANKE_INTAKE_ADDRESS", default="http://127.0.0.1:8001", show_default=True,
    help="where intake answers; or PANKE_INTAKE_ADDRESS",
)  # fmt: skip
@access_address
@as_machine
def import_command(
    file: Path,
    mapping: Path | None,
    rejected: Path | None,
    detach: bool,
    intake: str,
    access: str,
    machine: Path | None,
    **told: Any,
) -> None:
    """Bring the old book FILE in: XLSX, XLS or CSV.

    Exit 0 where every row is in (or was before), 1 where rows were rejected, 2 where the book was refused.
    """
    from shared.access.client import CallRefusedError, headers_of_caller

    fields = {
        name: str(value).lower() if value is True else str(value) for name, value in told.items() if value
    }
    if mapping is not None:
        fields["mapping"] = mapping.read_text(encoding="utf-8")
    try:
        headers = headers_of_caller(os.environ, access, machine)
        client = _Client(intake, headers, lambda: headers_of_caller(os.environ, access, machine))
    except CallRefusedError as error:
        raise ImportRefusedError(str(error)) from None
    with client:
        job = client.sent(file, fields)
        say(f"{translated('import').beside} {job['id']}", err=True)
        if detach:
            return
        ended = client.followed(job["id"])
        _report(ended)
        if ended["dry_run"] and ended["counts"]["read"] > ended["counts"]["rejected"]:
            client.print_preview(job["id"])
        if ended["state"] == "done" and rejected is not None and ended["counts"]["rejected"]:
            client.fetch_rejected(job["id"], rejected)
    click.get_current_context().exit(_code(ended))


class _Client:
    """Calls to intake in the caller's name; a token that ran out on the way is renewed."""

    def __init__(self, address: str, headers: dict[str, str], renewed: Any) -> None:
        import httpx

        self._address = address.rstrip("/")
        self._renewed = renewed
        self._http = httpx.Client(base_url=self._address, timeout=WAIT, trust_env=False, headers=headers)

    def __enter__(self) -> _Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def sent(self, file: Path, fields: dict[str, str]) -> Any:
        content = file.read_bytes()
        return self._call("POST", "/v1/imports", data=fields, files={"file": (file.name, content)}).json()

    def followed(self, id_: str) -> Any:
        """The import once it has ended; how far it is is said where that changes."""
        last = None
        while True:
            job = self._call("GET", f"/v1/imports/{id_}").json()
            if job["state"] not in _OPEN:
                return job
            if job["counts"] != last:
                last = job["counts"]
                say(_counts(job), err=True)
            time.sleep(STEP)

    def fetch_rejected(self, id_: str, output: Path) -> None:
        from shared.platform.whole_file import private_file

        answer = self._call("GET", f"/v1/imports/{id_}/rejected")
        with private_file(output) as file:
            file.write(answer.content)

    def print_preview(self, id_: str) -> None:
        """What the first rows would decide, a line each."""
        told = self._call("GET", f"/v1/imports/{id_}/preview").json()
        for one in told["items"]:
            parts = [*one["decisions"], one["owner"] or "-", one["clause"] or "-", *one["flags"]]
            say(f"{one['row']}\t{' '.join(parts)}")
        if told["problem"]:
            say(told["problem"], err=True)

    def _call(self, method: str, path: str, **given: Any) -> httpx.Response:
        import httpx

        from shared.platform.http.problem import detail_of

        for again in (True, False):
            try:
                answer = self._http.request(method, path, **given)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                told = bilingual(
                    "{service} does not answer at {address}: {error}",
                    service="intake", address=self._address, error=type(error).__name__,
                )  # fmt: skip
                raise ImportRefusedError(told) from None
            if answer.status_code == 401 and again:
                self._http.headers.update(self._renewed())
                continue
            break
        if answer.is_success:
            return answer
        raise ImportRefusedError(detail_of(answer))


def _report(job: Any) -> None:
    """What came of it, and the first rows that were rejected."""
    if problem := job.get("problem"):
        raise ImportRefusedError(": ".join(part for part in (problem["path"], problem["message"]) if part))
    if job["state"] == "cancelled":
        raise ImportRefusedError(bilingual("the import was cancelled"))
    say(_counts(job))
    for heading, cells in (job.get("sheet") or {}).get("unread", {}).items():
        told = translated("column {heading}: nothing is taken of {cells} cells", heading=heading, cells=cells)
        say(told.zh)
    for one in job["rejections"]:
        row = translated(
            "row {row}, {column}: {told}", row=one["row"], column=one["column"], told=one["message"]
        )
        say(row.zh)


def _counts(job: Any) -> str:
    counts = job["counts"]
    return translated(
        "{read} rows read: {accepted} new, {duplicates} recorded before, {rejected} rejected", **counts
    ).beside


def _code(job: Any) -> int:
    return REJECTED if job["counts"]["rejected"] else 0
