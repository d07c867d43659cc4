"""The server's settings: durable first, then fit for a small machine.

They are written to `regulars.conf` at every start. What an operator wants otherwise goes to
`local.conf`, which is read after it and never touched; web and worker still refuse to start on
settings that could lose a confirmed posting.
"""

import os
import shutil
from pathlib import Path

MEGABYTE = 1024 * 1024
SHARED_BUFFERS_MB_MIN = 64
SHARED_BUFFERS_MB_MAX = 2048
SHARED_BUFFERS_MB_SCRATCH = 512
SHARED_MEMORY_MB_ENOUGH = 256  # below this, /dev/shm is too small for parallel queries
CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)

MAIN_CONF = """\
# Written once by Regulars. Settings of yours belong in local.conf, which is read last.
include_if_exists 'regulars.conf'
include_if_exists 'local.conf'
"""

ACCESS_CONF = """\
# Written by Regulars at every start: passwords only, and no way in for the superuser.
local   all   regulars_app     scram-sha-256
local   all   regulars_owner   scram-sha-256
host    all   regulars_app     127.0.0.1/32  scram-sha-256
host    all   regulars_owner   127.0.0.1/32  scram-sha-256
"""

DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
}
SCRATCH = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}
ORDINARY = {
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    # The passwords are 256 random bits: stretching them would only slow every connection.
    "scram_iterations": "1",
    "temp_buffers": "8MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    # After a checkpoint the first touch of a page writes the whole page to the log. This build can
    # press it with pglz alone, which saved a fifth of the bytes and made a purchase cost five to
    # eight times the CPU until the pages had all been touched once (measured).
    "wal_compression": "off",
    "checkpoint_timeout": "10min",
    "random_page_cost": "1.1",
    "jit": "off",
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_vacuum_insert_scale_factor": "0.2",
    "autovacuum_analyze_scale_factor": "0.1",
    "autovacuum_naptime": "30s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "iso, ymd",
    "lc_messages": "C",
}
# Failed statements and their values may hold personal data: the log names neither.
QUIET_LOG = {
    "logging_collector": "on",
    "log_directory": "../log",
    "log_filename": "postgres-%a.log",
    "log_file_mode": "0600",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_min_messages": "warning",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_checkpoints": "off",
    "log_lock_waits": "on",
}


def memory_mb() -> int:
    """Tell how much memory this machine, or the container around us, has."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for file in CGROUP_LIMITS:
        text = file.read_text().strip() if file.exists() else ""
        if text.isdigit():
            limits.append(int(text))
    return min(limits) // MEGABYTE


def shared_buffers_mb(*, durable: bool) -> int:
    """Give an eighth of the memory to the server's own cache, within limits."""
    ceiling = SHARED_BUFFERS_MB_MAX if durable else SHARED_BUFFERS_MB_SCRATCH
    return max(SHARED_BUFFERS_MB_MIN, min(ceiling, memory_mb() // 8))


def server_conf(*, socket_folder: Path, port: int, over_tcp: bool, durable: bool) -> str:
    """Compose `regulars.conf`."""
    settings = {
        "listen_addresses": "127.0.0.1" if over_tcp else "",
        "port": str(port),
        "unix_socket_directories": str(socket_folder),
        "shared_buffers": f"{shared_buffers_mb(durable=durable)}MB",
        "effective_cache_size": f"{max(128, memory_mb() // 2)}MB",
        "dynamic_shared_memory_type": _dynamic_memory(),
        **(DURABLE if durable else SCRATCH),
        **ORDINARY,
        **QUIET_LOG,
    }
    lines = [
        f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()
    ]
    return "# Written by Regulars at every start.\n" + "\n".join(lines) + "\n"


def _dynamic_memory() -> str:
    """Use shared memory, unless the container has next to none of it."""
    folder = Path("/dev/shm")  # noqa: S108 only its size is read
    if folder.is_dir() and shutil.disk_usage(folder).total >= SHARED_MEMORY_MB_ENOUGH * MEGABYTE:
        return "posix"
    return "mmap"
