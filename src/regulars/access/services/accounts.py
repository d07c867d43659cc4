"""What every change of an account shares: its sessions end."""

from regulars.web import sql


def end_sessions(*, staff_id: int) -> None:
    """End every open session of an account, wherever it is."""
    sql.run(
        "UPDATE access_staff SET session_epoch = session_epoch + 1 WHERE id = %s::bigint",
        [staff_id],
    )
