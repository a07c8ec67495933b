-- The ledger (台账) of what can pollute. Each statement ends with ";" at the end of a line.

CREATE TABLE source (
  source_id BINARY(16) NOT NULL PRIMARY KEY,
  city_id BINARY(16) NULL,
  source_no VARCHAR(40) COLLATE utf8mb4_bin NOT NULL,
  display_name VARCHAR(100) NOT NULL,
  category VARCHAR(60) CHARACTER SET ascii NOT NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  longitude DOUBLE NULL,
  latitude DOUBLE NULL,
  accuracy_m DOUBLE NULL,
  given_datum SMALLINT NULL,
  operator_name VARCHAR(100) NOT NULL,
  credit_code VARCHAR(18) CHARACTER SET ascii NOT NULL,
  trade VARCHAR(100) NOT NULL,
  address VARCHAR(200) NOT NULL,
  disposition SMALLINT NOT NULL,
  state SMALLINT NOT NULL,
  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY source_no (source_no),
  KEY source_ground (ground_path, source_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Its history, one row per journal entry of the source; `reason` is free text and therefore only here.
CREATE TABLE source_change (
  source_id BINARY(16) NOT NULL,
  seq BIGINT NOT NULL,
  action SMALLINT NOT NULL,
  from_state SMALLINT NOT NULL,
  to_state SMALLINT NOT NULL,
  disposition SMALLINT NOT NULL,
  reason VARCHAR(500) NOT NULL,
  changed_fields VARCHAR(400) CHARACTER SET ascii NOT NULL,
  event_us BIGINT NOT NULL,
  receive_us BIGINT NOT NULL,
  person BINARY(16) NULL,
  post BINARY(16) NULL,
  PRIMARY KEY (source_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
