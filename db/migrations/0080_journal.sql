-- The journal (guarantees.md 4.3). Areas may only INSERT into journal_stage; nobody changes journal_entry.

CREATE TABLE journal_stage (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  entry_id BINARY(16) NOT NULL,
  request_id BINARY(16) NULL,
  subject BINARY(16) NOT NULL,
  subject_seq BIGINT UNSIGNED NOT NULL,
  body VARBINARY(61440) NOT NULL,
  UNIQUE KEY stage_subject (subject, subject_seq),
  KEY stage_request (request_id)
) ENGINE=InnoDB;

CREATE TABLE journal_entry (
  log_id INT NOT NULL,
  idx BIGINT UNSIGNED NOT NULL,
  leaf BINARY(32) NOT NULL,
  entry_id BINARY(16) NOT NULL,
  request_id BINARY(16) NULL,
  kind VARCHAR(40) CHARACTER SET ascii NOT NULL,
  subject BINARY(16) NOT NULL,
  subject_seq BIGINT UNSIGNED NOT NULL,
  sequenced_us BIGINT NOT NULL,
  body VARBINARY(61440) NOT NULL,
  PRIMARY KEY (log_id, idx),
  UNIQUE KEY entry_subject (log_id, subject, subject_seq),
  KEY entry_request (log_id, request_id)
) ENGINE=InnoDB;

-- Roots of the complete subtrees of 256, 65,536 ... leaves (levels 8, 16 ...): proofs read a few hundred hashes instead of all.
CREATE TABLE journal_node (
  log_id INT NOT NULL,
  level SMALLINT NOT NULL,
  idx BIGINT UNSIGNED NOT NULL,
  hash BINARY(32) NOT NULL,
  PRIMARY KEY (log_id, level, idx)
) ENGINE=InnoDB;

-- One row per log: its size, the fencing epoch and the right-hand subtree hashes.
CREATE TABLE journal_head (
  log_id INT NOT NULL PRIMARY KEY,
  origin VARCHAR(120) NOT NULL,
  demo BOOLEAN NOT NULL,
  size BIGINT UNSIGNED NOT NULL,
  epoch BIGINT UNSIGNED NOT NULL,
  lease_owner BINARY(16) NULL,
  lease_until_us BIGINT NOT NULL,
  last_sequenced_us BIGINT NOT NULL,
  frontier VARBINARY(2048) NOT NULL
) ENGINE=InnoDB;

CREATE TABLE journal_checkpoint (
  log_id INT NOT NULL,
  size BIGINT UNSIGNED NOT NULL,
  root BINARY(32) NOT NULL,
  signed_us BIGINT NOT NULL,
  note BLOB NOT NULL,
  PRIMARY KEY (log_id, size)
) ENGINE=InnoDB;
