-- What people are told, and who is on duty.

-- One notice to one post or person. Its id is derived from the entry it comes from, so that reading the feed again adds nothing.
-- facts is a notify.v1.NoticeFacts: codes and names of resources.
CREATE TABLE notice (
  notice_id BINARY(16) NOT NULL PRIMARY KEY,
  recipient BINARY(16) NOT NULL,
  to_post BOOLEAN NOT NULL,
  kind VARCHAR(40) CHARACTER SET ascii NOT NULL,
  urgency SMALLINT NOT NULL,
  subject VARCHAR(60) CHARACTER SET ascii NOT NULL,
  facts BLOB NOT NULL,
  entry_id BINARY(16) NOT NULL,
  created_us BIGINT NOT NULL,
  KEY notice_inbox (recipient, created_us, notice_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- That one person read one notice. Local to the reader: the post it was addressed to has no mark of its own.
CREATE TABLE notice_read (
  person BINARY(16) NOT NULL,
  notice_id BINARY(16) NOT NULL,
  created_us BIGINT NOT NULL,
  read_us BIGINT NOT NULL,
  PRIMARY KEY (person, notice_id),
  KEY notice_read_newest (person, created_us, notice_id),
  KEY notice_read_by (notice_id)
) ENGINE=InnoDB;

-- How one person wants to be told; minutes of the local day, NULL = as the policy says.
CREATE TABLE notice_settings (
  person BINARY(16) NOT NULL PRIMARY KEY,
  quiet_from SMALLINT NULL,
  quiet_to SMALLINT NULL,
  digest_at SMALLINT NULL,
  revision BIGINT NOT NULL
) ENGINE=InnoDB;

-- A notice on its way by one channel: to a person's inbox, or to the group of a division. batch is what is sent in one message, chosen
-- once, so that a message sent again is the same message.
CREATE TABLE notice_delivery (
  notice_id BINARY(16) NOT NULL,
  channel SMALLINT NOT NULL,
  target BINARY(16) NOT NULL,
  state SMALLINT NOT NULL,
  digest BOOLEAN NOT NULL,
  due_us BIGINT NOT NULL,
  attempts INT NOT NULL,
  batch BINARY(16) NULL,
  last_error VARCHAR(200) CHARACTER SET ascii NOT NULL,
  ended_us BIGINT NULL,
  PRIMARY KEY (notice_id, channel, target),
  KEY notice_delivery_due (channel, state, digest, due_us, target),
  KEY notice_delivery_target (target, channel, state, digest, due_us),
  KEY notice_delivery_state (state, due_us, notice_id)
) ENGINE=InnoDB;

-- How fast a channel may send: what is left of its allowance, shared by all processes, and until when the other side asked for silence.
CREATE TABLE notice_channel (
  channel SMALLINT NOT NULL PRIMARY KEY,
  tokens DOUBLE NOT NULL,
  refilled_us BIGINT NOT NULL,
  silent_until_us BIGINT NOT NULL
) ENGINE=InnoDB;

-- That a person's summary of a local day (days since 1970) was made: once.
CREATE TABLE notice_digest (
  person BINARY(16) NOT NULL,
  day INT NOT NULL,
  notice_id BINARY(16) NOT NULL,
  made_us BIGINT NOT NULL,
  PRIMARY KEY (person, day)
) ENGINE=InnoDB;

-- Who is to be told when a case closes: who found it and who filed it, as the feed said so.
CREATE TABLE notice_origin (
  subject BINARY(16) NOT NULL,
  person BINARY(16) NOT NULL,
  post BINARY(16) NULL,
  PRIMARY KEY (subject, person)
) ENGINE=InnoDB;

-- The roster of a division: locked while it is planned.
CREATE TABLE duty_roster (
  division BINARY(16) NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL
) ENGINE=InnoDB;

-- One shift. A shift that was taken off stays, for who asks later who was on duty and as far as it was known when.
CREATE TABLE duty_shift (
  shift_id BINARY(16) NOT NULL PRIMARY KEY,
  division BINARY(16) NOT NULL,
  kind SMALLINT NOT NULL,
  post BINARY(16) NULL,
  person BINARY(16) NULL,
  from_us BIGINT NOT NULL,
  to_us BIGINT NOT NULL,
  planned BOOLEAN NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  KEY duty_shift_time (division, planned, from_us, shift_id),
  KEY duty_shift_now (planned, from_us)
) ENGINE=InnoDB;
