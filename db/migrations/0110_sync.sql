-- Phones, what they did while they were offline, and what was seen that changed no state. Statements end with ";" at the end of a line.

-- A phone of one account. Its row is locked while operations of it are taken in. last_hash is that of operation last_seq; anchor_us is
-- the newest time token among its operations.
CREATE TABLE device (
  device_id BINARY(16) NOT NULL PRIMARY KEY,
  account BINARY(16) NOT NULL,
  person BINARY(16) NULL,
  public_key BINARY(65) NOT NULL,
  label VARCHAR(100) CHARACTER SET utf8mb4 NOT NULL,
  created_us BIGINT NOT NULL,
  synced_us BIGINT NULL,
  last_seq BIGINT NOT NULL,
  last_hash BINARY(32) NULL,
  pending_operations INT NOT NULL,
  pending_photos INT NOT NULL,
  revoked_us BIGINT NULL,
  lost_us BIGINT NULL,
  revoke_reason VARCHAR(200) CHARACTER SET utf8mb4 NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  KEY device_account (account, device_id),
  KEY device_person (person)
) ENGINE=InnoDB;

-- Every operation ever taken in, with the bytes that were signed and when they were first received. verdict 0: not settled yet. result
-- is a sync.v1.PushResult. anchor_us: the newest time token of it and of its predecessors.
CREATE TABLE operation (
  op_id BINARY(16) NOT NULL PRIMARY KEY,
  device BINARY(16) NOT NULL,
  account BINARY(16) NOT NULL,
  person BINARY(16) NULL,
  seq BIGINT NOT NULL,
  hash BINARY(32) NOT NULL,
  prev_hash BINARY(32) NULL,
  rpc VARCHAR(120) CHARACTER SET ascii NOT NULL,
  subject VARCHAR(60) CHARACTER SET ascii NOT NULL,
  body BLOB NOT NULL,
  signature BINARY(64) NOT NULL,
  division BINARY(16) NULL,
  post BINARY(16) NULL,
  anchor_us BIGINT NOT NULL,
  earliest_us BIGINT NOT NULL,
  latest_us BIGINT NOT NULL,
  estimated_us BIGINT NOT NULL,
  received_us BIGINT NOT NULL,
  grade SMALLINT NOT NULL,
  flags INT NOT NULL,
  longitude DOUBLE NULL,
  latitude DOUBLE NULL,
  verdict SMALLINT NOT NULL,
  reason VARCHAR(60) CHARACTER SET ascii NOT NULL,
  result MEDIUMBLOB NULL,
  settled_us BIGINT NULL,
  KEY operation_device (device, seq),
  KEY operation_subject (subject, received_us, op_id),
  KEY operation_by (person, subject)
) ENGINE=InnoDB;

-- The photos that acknowledged operations of a phone rest on. verified_us: since when the server knows that it holds it whole.
CREATE TABLE operation_photo (
  device BINARY(16) NOT NULL,
  digest BINARY(32) NOT NULL,
  op_id BINARY(16) NOT NULL,
  verified_us BIGINT NULL,
  PRIMARY KEY (device, digest),
  KEY operation_photo_verified (device, verified_us, digest)
) ENGINE=InnoDB;

-- Sequence numbers of a phone that have not come while later ones have.
CREATE TABLE device_gap (
  device BINARY(16) NOT NULL,
  from_seq BIGINT NOT NULL,
  to_seq BIGINT NOT NULL,
  noticed_us BIGINT NOT NULL,
  entered_us BIGINT NULL,
  PRIMARY KEY (device, from_seq),
  KEY device_gap_due (entered_us, noticed_us, device, from_seq)
) ENGINE=InnoDB;

-- What was wrong with the log of a phone, each once: so that sending it again enters nothing again.
CREATE TABLE device_incident (
  device BINARY(16) NOT NULL,
  kind SMALLINT NOT NULL,
  digest BINARY(32) NOT NULL,
  noticed_us BIGINT NOT NULL,
  PRIMARY KEY (device, kind, digest)
) ENGINE=InnoDB;

-- What somebody saw or says about a subject. content is a sync.v1.Observation: its words, photos, answers and position.
CREATE TABLE observation (
  observation_id BINARY(16) NOT NULL PRIMARY KEY,
  subject VARCHAR(60) CHARACTER SET ascii NOT NULL,
  kind SMALLINT NOT NULL,
  account BINARY(16) NOT NULL,
  person BINARY(16) NULL,
  division BINARY(16) NULL,
  received_us BIGINT NOT NULL,
  content MEDIUMBLOB NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  KEY observation_subject (subject, received_us, observation_id)
) ENGINE=InnoDB;

-- The public halves of the keys that signed time tokens and receipts, for as long as evidence is kept.
CREATE TABLE sync_key (
  public_key BINARY(32) NOT NULL PRIMARY KEY,
  name VARCHAR(120) CHARACTER SET ascii NOT NULL,
  created_us BIGINT NOT NULL
) ENGINE=InnoDB;
