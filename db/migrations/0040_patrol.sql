-- What has to be looked at, by whom; what they saw. Each statement ends with ";" at the end of a line.

CREATE TABLE patrol_task (
  task_id BINARY(16) NOT NULL PRIMARY KEY,
  city_id BINARY(16) NULL,
  state SMALLINT NOT NULL,
  source_id BINARY(16) NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  category VARCHAR(60) CHARACTER SET ascii NOT NULL,
  checklist VARCHAR(60) CHARACTER SET ascii NOT NULL,
  post BINARY(16) NULL,
  window_start_us BIGINT NULL,
  due_us BIGINT NOT NULL,
  title VARCHAR(500) NOT NULL,
  result SMALLINT NOT NULL,
  visit_id BINARY(16) NULL,
  start_us BIGINT NULL,
  done_us BIGINT NULL,
  late BOOLEAN NOT NULL,
  release_reason SMALLINT NOT NULL,
  release_note VARCHAR(500) NOT NULL,
  release_person BINARY(16) NULL,
  release_post BINARY(16) NULL,
  release_us BIGINT NULL,
  created_us BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  KEY task_ground (ground_path, due_us, task_id),
  KEY task_post (post, due_us, task_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A visit never changes after it was made. `findings` is a serialised patrol.v1.Visit holding answers and evidence alone, since
-- they are only ever read whole.
CREATE TABLE visit (
  visit_id BINARY(16) NOT NULL PRIMARY KEY,
  city_id BINARY(16) NULL,
  task_id BINARY(16) NOT NULL,
  result SMALLINT NOT NULL,
  category VARCHAR(60) CHARACTER SET ascii NOT NULL,
  source_id BINARY(16) NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  findings MEDIUMBLOB NOT NULL,
  longitude DOUBLE NULL,
  latitude DOUBLE NULL,
  accuracy_m DOUBLE NULL,
  given_datum SMALLINT NULL,
  event_us BIGINT NOT NULL,
  receive_us BIGINT NOT NULL,
  note VARCHAR(2000) NOT NULL,
  person BINARY(16) NULL,
  post BINARY(16) NOT NULL,
  late BOOLEAN NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  KEY visit_task (task_id, event_us, visit_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
