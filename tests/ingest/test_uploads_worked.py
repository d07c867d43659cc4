"""A file handed over in the console, worked on by a real worker over committed data."""

import os
import subprocess
import sys
from pathlib import Path

from regulars.access.domain import Actor, Scope
from regulars.ingest import selectors, services
from regulars.ingest.domain.files import FileKind
from regulars.ingest.domain.uploads import UploadState
from regulars.web import clock, notices, postgres, progress
from tests.environment import rig_folder
from tests.ingest.reading import csv_text

WORK = """
import django
django.setup()
from regulars.web import jobs
jobs.run_worker(wait=False)
"""
STAFF = Actor("staff", 3, "陈晨", frozenset(), Scope.all())
ROWS = [["手机号", "姓名"], *([f"1370013{n:04}", f"李{n}"] for n in range(450))]


def work(database: str, var: Path) -> None:
    """Run a worker of its own process until the queue is empty."""
    server = postgres.Server(rig_folder(), durable=False)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "regulars.settings",
        "PYTHONPATH": "src",
        "REGULARS_VAR": str(var),
        "DATABASE_URL": server.url("app", database=database),
        "DATABASE_OWNER_URL": server.url("owner", database=database),
    }
    subprocess.run([sys.executable, "-c", WORK], env=environment, check=True, timeout=120)


def test_a_worker_rehearses_and_imports_and_moves_the_bar(committed_db: str, own_var: Path) -> None:
    upload = services.receive_upload(
        name="members.csv",
        pieces=[csv_text(ROWS).encode()],
        kind=FileKind.MEMBERS,
        actor=STAFF,
        at=clock.now(),
    )
    public_id = upload.public_id

    rehearsal = services.ask_rehearsal(public_id=public_id, actor=STAFF, at=clock.now())
    work(committed_db, own_var)
    assert progress.get(progress_id=rehearsal).result["new"] == 450
    assert selectors.get_upload(public_id=public_id).state is UploadState.REHEARSED

    run = services.ask_import(public_id=public_id, actor=STAFF, at=clock.now())
    work(committed_db, own_var)

    done = progress.get(progress_id=run)
    assert (done.state, done.result["new"], done.percent) == ("done", 450, 100)
    assert selectors.get_upload(public_id=public_id).state is UploadState.IMPORTED
    told, _ = notices.list_notices(owner="staff:3")
    assert len(told) == 2
