-- Orders to stop work on a site, and how they ended.
CREATE TABLE stop_work (
  stop_work_id BINARY(16) NOT NULL PRIMARY KEY,
  case_id BINARY(16) NOT NULL,
  source_id BINARY(16) NOT NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  state SMALLINT NOT NULL,
  start_us BIGINT NOT NULL,
  until_us BIGINT NOT NULL,
  -- A serialised casework.v1.StopWork.
  details MEDIUMBLOB NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY stop_work_case (case_id),
  KEY stop_work_newest (start_us, stop_work_id),
  KEY stop_work_ground (ground_path, start_us)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
