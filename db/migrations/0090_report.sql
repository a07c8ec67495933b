-- The closure board (architecture.md decision 3, D8). Everything here is folded from the journal and can be folded again.

-- One folding of the feed from its first entry. One generation is ACTIVE (2); a rebuild is BUILDING (1) beside it; RETIRED (3) ones
-- are emptied bit by bit and then EMPTIED (4). next_index is its cursor: saved in the transaction of what was folded, locked by whoever folds.
CREATE TABLE report_generation (
  generation BIGINT NOT NULL PRIMARY KEY,
  state SMALLINT NOT NULL,
  next_index BIGINT NOT NULL,
  differences BIGINT NOT NULL,
  first_differences MEDIUMBLOB NULL,
  started_us BIGINT NOT NULL,
  finished_us BIGINT NULL,
  KEY generation_state (state)
) ENGINE=InnoDB;

-- What is known of each signal (kind 1) and case (kind 2) now. idx is the entry that made it so.
CREATE TABLE report_fact (
  generation BIGINT NOT NULL,
  subject BINARY(16) NOT NULL,
  idx BIGINT NOT NULL,
  kind SMALLINT NOT NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  category VARCHAR(80) CHARACTER SET ascii NOT NULL,
  state SMALLINT NOT NULL,
  case_no VARCHAR(60) NOT NULL,
  event_us BIGINT NULL,
  file_us BIGINT NULL,
  close_us BIGINT NULL,
  due_us BIGINT NULL,
  total_due_us BIGINT NULL,
  rework INT NOT NULL,
  closed_on_time BOOLEAN NOT NULL,
  forced BOOLEAN NOT NULL,
  held SMALLINT NOT NULL,
  PRIMARY KEY (generation, subject),
  KEY fact_idx (generation, idx),
  KEY fact_cell (generation, kind, state, ground_path, subject),
  KEY fact_due (generation, due_us, ground_path, category)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What a fact was before entry next_idx replaced it: the fact was so for logs of size idx + 1 .. next_idx.
CREATE TABLE report_version (
  generation BIGINT NOT NULL,
  next_idx BIGINT NOT NULL,
  subject BINARY(16) NOT NULL,
  idx BIGINT NOT NULL,
  kind SMALLINT NOT NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  category VARCHAR(80) CHARACTER SET ascii NOT NULL,
  state SMALLINT NOT NULL,
  case_no VARCHAR(60) NOT NULL,
  event_us BIGINT NULL,
  file_us BIGINT NULL,
  close_us BIGINT NULL,
  due_us BIGINT NULL,
  total_due_us BIGINT NULL,
  rework INT NOT NULL,
  closed_on_time BOOLEAN NOT NULL,
  forced BOOLEAN NOT NULL,
  held SMALLINT NOT NULL,
  PRIMARY KEY (generation, next_idx),
  KEY version_idx (generation, idx)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The counters at the divisions the facts stand at, everything but due times. Sums up the tree are made in memory.
CREATE TABLE report_counter (
  generation BIGINT NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  category VARCHAR(80) CHARACTER SET ascii NOT NULL,
  count_kind SMALLINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (generation, ground_path, category, count_kind)
) ENGINE=InnoDB;
