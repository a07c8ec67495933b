-- When somebody has to be told: one row for each run of a clock, what it still owes, and what was fired. A rung is fired once: its
-- key is the primary key of rung, and the timer's row is locked meanwhile.
CREATE TABLE case_timer (
  subject_id BINARY(16) NOT NULL,
  clock VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  cycle INT NOT NULL,
  -- 1 signal, 2 case, 3 supervision order.
  subject_kind SMALLINT NOT NULL,
  start_us BIGINT NOT NULL,
  due_us BIGINT NOT NULL,
  -- When the server learned that the clock stopped: what was due by then is still owed. NULL while it runs.
  end_us BIGINT NULL,
  -- A serialised casework.v1.TimerPlan.
  plan VARBINARY(1000) NOT NULL,
  -- Percent of the last rung that fired.
  fired INT NOT NULL,
  -- When to look at it next; NULL when nothing is owed.
  next_us BIGINT NULL,
  PRIMARY KEY (subject_id, clock, cycle),
  KEY timer_next (next_us)
) ENGINE=InnoDB;

CREATE TABLE rung (
  subject_id BINARY(16) NOT NULL,
  clock VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  cycle INT NOT NULL,
  percent INT NOT NULL,
  rung_id BINARY(16) NOT NULL,
  level SMALLINT NOT NULL,
  due_us BIGINT NOT NULL,
  fire_us BIGINT NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  entry_id BINARY(16) NOT NULL,
  -- A serialised RungEvent, as in the journal.
  event BLOB NOT NULL,
  PRIMARY KEY (subject_id, clock, cycle, percent)
) ENGINE=InnoDB;

-- Posts that a rung found without a holder.
CREATE TABLE vacancy_finding (
  finding_id BINARY(16) NOT NULL PRIMARY KEY,
  post BINARY(16) NOT NULL,
  -- The post while the finding stands, NULL afterwards: one stands per post.
  open_post BINARY(16) NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  rung_id BINARY(16) NOT NULL,
  subject VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  first_seen_us BIGINT NOT NULL,
  last_seen_us BIGINT NOT NULL,
  end_us BIGINT NULL,
  end_kind SMALLINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY vacancy_open (open_post),
  KEY vacancy_newest (first_seen_us, finding_id),
  KEY vacancy_place (ground_path, first_seen_us)
) ENGINE=InnoDB;
