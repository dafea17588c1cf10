"""Whose payroll's database is: root's first run, and another user's command."""

import os

from edge_agent.receiver.databases import open_database
from edge_agent.receiver.store import PayrollStore
from tests.other_user import as_user, needs_root, open_folder


@needs_root
def test_a_first_run_of_roots_does_not_shut_the_receivers_user_out() -> None:
    with open_folder() as folder:
        os.chown(folder, 1, 1)
        database = str(folder / "payroll.db")
        PayrollStore(database).close()
        assert {path.stat().st_uid for path in folder.iterdir()} == {1}
        assert as_user("daemon", lambda: PayrollStore(database).close()) == ""


@needs_root
def test_a_database_of_another_user_is_told_with_whose_it_is() -> None:
    with open_folder() as folder:
        os.chown(folder, 1, 1)
        path = folder / "payroll.db"
        PayrollStore(str(path)).close()

        def use(alone: bool) -> None:
            open_database(str(path), alone=alone).close()

        for mode, who in ((0o750, f"enter {folder}"), (0o755, f"write {path}")):
            folder.chmod(mode)
            for alone in (True, False):
                told = as_user("nobody", lambda alone=alone: use(alone))
                assert told.startswith(f"StoreFault: The database {path} cannot be used: user ")
                assert f"user nobody may not {who}" in told
                assert told.endswith(": sudo -u daemon edge-agent ….")
