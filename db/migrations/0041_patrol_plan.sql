-- Patrol plans. A planned task names its rule and the first day of its slot; kind 1 is a patrol, 2 a test.

ALTER TABLE patrol_task
  ADD COLUMN kind SMALLINT NOT NULL DEFAULT 1,
  ADD COLUMN rule VARCHAR(40) CHARACTER SET ascii NOT NULL DEFAULT '',
  ADD COLUMN slot_day INT NULL,
  ADD KEY task_slot (rule, slot_day, ground_path),
  ADD KEY task_counted (category, done_us),
  ADD KEY task_due (due_us);

-- When each source was last seen, by whom, and when a problem was last found there: what the next plan goes by.
CREATE TABLE source_seen (
  source_id BINARY(16) NOT NULL PRIMARY KEY,
  seen_us BIGINT NOT NULL,
  person BINARY(16) NULL,
  problem_us BIGINT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Divisions that the system plans by itself. A process that plans one claims it for a while.
CREATE TABLE daily_plan (
  division BINARY(16) NOT NULL PRIMARY KEY,
  enabled BOOLEAN NOT NULL,
  planned_until_day INT NULL,
  claimed_until_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Plans that were made. `counts` is a serialised patrol.v1.Plan holding rules and shortages alone.
CREATE TABLE patrol_plan (
  plan_id BINARY(16) NOT NULL PRIMARY KEY,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  from_day INT NOT NULL,
  to_day INT NOT NULL,
  tasks INT NOT NULL,
  counts BLOB NOT NULL,
  rule_version VARCHAR(16) CHARACTER SET ascii NOT NULL,
  person BINARY(16) NULL,
  post BINARY(16) NULL,
  made_us BIGINT NOT NULL,
  KEY plan_ground (ground_path, made_us, plan_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
