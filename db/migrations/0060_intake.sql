-- Adapters that turn the outside world into signals.

-- Thermal anomalies as satellite products list them. fire_id is the digest of channel_key: the same for every processing of the same
-- pixel; a better grade replaces a worse one, which stays, marked SUPERSEDED.
CREATE TABLE hotspot (
  hotspot_id BINARY(16) NOT NULL PRIMARY KEY,
  fire_id BINARY(16) NOT NULL,
  grade SMALLINT NOT NULL,
  state SMALLINT NOT NULL,
  satellite SMALLINT NOT NULL,
  instrument SMALLINT NOT NULL,
  acquired_us BIGINT NOT NULL,
  acquired_until_us BIGINT NULL,
  longitude DOUBLE NOT NULL,
  latitude DOUBLE NOT NULL,
  accuracy_m DOUBLE NOT NULL,
  given_longitude DOUBLE NOT NULL,
  given_latitude DOUBLE NOT NULL,
  given_datum SMALLINT NOT NULL,
  division BINARY(16) NULL,
  city_id BINARY(16) NULL,
  ground_path VARBINARY(160) NOT NULL,
  place_confidence DOUBLE NOT NULL,
  place_basis VARCHAR(40) CHARACTER SET ascii NOT NULL,
  confidence SMALLINT NOT NULL,
  confidence_percent SMALLINT NOT NULL,
  brightness_k DOUBLE NOT NULL,
  brightness_2_k DOUBLE NOT NULL,
  frp_mw DOUBLE NOT NULL,
  scan_km DOUBLE NOT NULL,
  track_km DOUBLE NOT NULL,
  night BOOLEAN NOT NULL,
  type SMALLINT NOT NULL,
  version VARCHAR(20) NOT NULL,
  superseded_by BINARY(16) NULL,
  replaces BINARY(16) NULL,
  channel_key VARCHAR(80) CHARACTER SET ascii NOT NULL,
  import_id BINARY(16) NOT NULL,
  file_line INT NOT NULL,
  given_place VARCHAR(400) NOT NULL,
  received_us BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY hotspot_fire (fire_id, grade),
  KEY hotspot_newest (state, acquired_us, hotspot_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One file as it was handed in.
CREATE TABLE hotspot_import (
  import_id BINARY(16) NOT NULL PRIMARY KEY,
  file_name VARCHAR(200) NOT NULL,
  digest BINARY(32) NOT NULL,
  recognised_as VARCHAR(40) CHARACTER SET ascii NOT NULL,
  account BINARY(16) NULL,
  rows_read INT NOT NULL,
  created INT NOT NULL,
  duplicates INT NOT NULL,
  outside INT NOT NULL,
  superseded INT NOT NULL,
  received_us BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One row: imports take turns, so that two overlapping files handed in at once do not double.
CREATE TABLE hotspot_gate (
  gate INT NOT NULL PRIMARY KEY,
  imports BIGINT NOT NULL
) ENGINE=InnoDB;
