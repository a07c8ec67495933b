"""How long a backup and its proven restore take, by entries of the journal (guarantees.md G10: an hour at 10^7)."""
import hashlib
import shutil
import time

GOAL_MINUTES = 60
GOAL_ENTRIES = 10_000_000


def fill(instance, count):
    """Entries of as many subjects that are what the server would have written: bodies that parse, leaves of their bytes, and the head
    of their tree. Stands in for years of use; the server does not run meanwhile."""
    schema = instance.database
    first = int(instance.sql(f"SELECT size FROM {schema}.journal_head")[0][0])
    payload = "CONCAT(" + ", ".join(f"UNHEX(SHA2(CONCAT('{part}', seq), 512))" for part in range(8)) + ")"
    for start in range(0, count, 100_000):
        rows = min(100_000, count - start)
        instance.sql(f"""
            INSERT INTO {schema}.journal_entry (log_id, idx, leaf, entry_id, request_id, kind, subject, subject_seq, sequenced_us, body)
            SELECT 1, {first} + seq - 1, UNHEX(SHA2(CONCAT(CHAR(0), b), 256)), e, NULL, 'bench', s, 1, 1790000000000000 + seq, b FROM (
              SELECT seq, e, s, CONCAT(UNHEX('08011210'), e, UNHEX('1A05'), 'bench', UNHEX('2210'), s, UNHEX('28018A018004'), {payload}) AS b
              FROM (SELECT seq, UNHEX(MD5(CONCAT('e', seq))) AS e, UNHEX(MD5(CONCAT('s', seq))) AS s
                    FROM {schema}.seq_{start + 1}_to_{start + rows}) AS x) AS y""")
    leaves = [bytes.fromhex(row[0]) for row in instance.sql(f"SELECT HEX(leaf) FROM {schema}.journal_entry ORDER BY idx")]
    assert len(leaves) == first + count
    instance.sql(f"UPDATE {schema}.journal_head SET size = {len(leaves)}, frontier = UNHEX('{frontier(leaves).hex()}')")
    return len(leaves)


def frontier(leaves):
    """Roots of the complete subtrees of the leaves, largest first (RFC 6962)."""
    roots, level = [], leaves
    while level:
        if len(level) % 2:
            roots.append(level[-1])
        level = [hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
    return b"".join(reversed(roots))


def measure(instance, fresh, count):
    """Answers figures of one backup of `instance` and its restore into the database `fresh`."""
    assert instance.stop("all") == 0
    entries = fill(instance, count)
    backups = instance.dir / "backups"
    began = time.monotonic()
    instance.program("backup", "backup", f"--into={backups}", f"--data-dir={instance.dir}/data", timeout=3600)
    backup_seconds = time.monotonic() - began
    size = next(backups.glob("*Z/database.sql.gz")).stat().st_size
    socket, data = instance.socket, instance.dir / "data"
    try:
        instance.socket = fresh.socket
        shutil.rmtree(data)
        began = time.monotonic()
        said, _ = instance.program("restore", "root", f"--from={backups}", f"--data-dir={data}", timeout=3600)
        restore_seconds = time.monotonic() - began
        assert f"journal: {entries} entries" in said, said
    finally:
        instance.socket = socket
    return {"entries": entries, "backup_seconds": backup_seconds, "restore_seconds": restore_seconds, "backup_bytes": size}


def show(book, figures):
    book.section("backup and proven restore (dump, load, every row counted, the whole journal recomputed)")
    entries, seconds = figures["entries"], figures["restore_seconds"]
    book.figure("entries of the journal, of 580 bytes", entries, "", digits=0)
    book.figure("backup, while the database runs", figures["backup_seconds"], "s")
    book.figure("its dump, compressed", figures["backup_bytes"] / 1e6, "MB")
    book.figure("restore", seconds, "s")
    book.figure("restore of 10^7 entries at this rate", seconds * GOAL_ENTRIES / entries / 60, "min", goal=GOAL_MINUTES, at_least=False)
