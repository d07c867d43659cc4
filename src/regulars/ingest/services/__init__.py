"""Write what comes in: rows, deliveries, sources, dead letters, and the taking back of a batch."""

from regulars.ingest.services.applying import (
    apply_balances,
    apply_events,
    apply_members,
    apply_orders,
    apply_products,
    apply_refunds,
    apply_rows,
    apply_stores,
)
from regulars.ingest.services.files import import_file, rehearse_file, resume_import
from regulars.ingest.services.files_errors import (
    ERROR_FILES,
    drop_errors_of_erased,
    note_errors_fetched,
)
from regulars.ingest.services.files_undo import Made, count_made, undo_import
from regulars.ingest.services.letters import Replayed, book_letters, book_returns, replay_letters
from regulars.ingest.services.letters_acting import (
    LetterAct,
    act_on_letters,
    ask_letters,
    reveal_letter,
    run_letters,
)
from regulars.ingest.services.parking import apply_parked, expire_parked
from regulars.ingest.services.reverting import (
    Reverted,
    append_reverted,
    forget_members,
    revert_chunk,
)
from regulars.ingest.services.running import Batch
from regulars.ingest.services.sources import (
    NewSource,
    create_source,
    find_or_create_source,
    record_health,
    rotate_secret,
    source_named,
)
from regulars.ingest.services.uploads import (
    UPLOADS,
    adjust_upload,
    drop_upload,
    drop_uploads,
    mapping_of,
    receive_upload,
    sweep_private_files,
    synonyms_of,
)
from regulars.ingest.services.uploads_running import (
    ask_import,
    ask_rehearsal,
    ask_resume,
    ask_undo,
    give_up,
    run_batch,
    run_upload,
    stop_upload,
)
from regulars.ingest.services.webhooks import (
    apply_delivery,
    body_sweep,
    receive_delivery,
    requeue_stale,
)

# File imports re-export their services here, above the list of names.

__all__ = [
    "ERROR_FILES",
    "UPLOADS",
    "Batch",
    "LetterAct",
    "Made",
    "NewSource",
    "Replayed",
    "Reverted",
    "act_on_letters",
    "adjust_upload",
    "append_reverted",
    "apply_balances",
    "apply_delivery",
    "apply_events",
    "apply_members",
    "apply_orders",
    "apply_parked",
    "apply_products",
    "apply_refunds",
    "apply_rows",
    "apply_stores",
    "ask_import",
    "ask_letters",
    "ask_rehearsal",
    "ask_resume",
    "ask_undo",
    "body_sweep",
    "book_letters",
    "book_returns",
    "count_made",
    "create_source",
    "drop_errors_of_erased",
    "drop_upload",
    "drop_uploads",
    "expire_parked",
    "find_or_create_source",
    "forget_members",
    "give_up",
    "import_file",
    "mapping_of",
    "note_errors_fetched",
    "receive_delivery",
    "receive_upload",
    "record_health",
    "rehearse_file",
    "replay_letters",
    "requeue_stale",
    "resume_import",
    "reveal_letter",
    "revert_chunk",
    "rotate_secret",
    "run_batch",
    "run_letters",
    "run_upload",
    "source_named",
    "stop_upload",
    "sweep_private_files",
    "synonyms_of",
    "undo_import",
]
