-- Casework: from a lead to a closure that holds (services/casework). Each statement ends with ";" at the end of a line.
-- ground_path is the path of division ids from the top, so that a subtree is one range of keys.

CREATE TABLE signal_file (
  signal_id BINARY(16) NOT NULL PRIMARY KEY,
  city_id BINARY(16) NULL,
  state SMALLINT NOT NULL,
  channel SMALLINT NOT NULL,
  -- The channel's own key; NULL when it has none. The same key never makes a second signal.
  channel_key VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NULL,
  category VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  longitude DOUBLE NULL,
  latitude DOUBLE NULL,
  accuracy_m DOUBLE NULL,
  given_datum SMALLINT NULL,
  place_confidence DOUBLE NOT NULL,
  source_id BINARY(16) NULL,
  description TEXT NOT NULL,
  -- Evidence and answers: a serialised casework.v1.Signal that holds nothing else.
  content MEDIUMBLOB NOT NULL,
  event_us BIGINT NOT NULL,
  receive_us BIGINT NOT NULL,
  finder BINARY(16) NULL,
  case_id BINARY(16) NULL,
  onsite_post BINARY(16) NULL,
  onsite_person BINARY(16) NULL,
  onsite_result SMALLINT NOT NULL,
  onsite_note VARCHAR(2000) NOT NULL,
  onsite_event_us BIGINT NULL,
  onsite_unable_count INT NOT NULL,
  reject_reason VARCHAR(2000) NOT NULL,
  due_us BIGINT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY signal_channel_key (channel, channel_key),
  KEY signal_newest (receive_us, signal_id),
  KEY signal_ground (state, ground_path),
  KEY signal_place (ground_path, receive_us),
  KEY signal_onsite (onsite_post, state),
  KEY signal_case (case_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One row per case; `case` alone is a reserved word.
CREATE TABLE case_file (
  case_id BINARY(16) NOT NULL PRIMARY KEY,
  city_id BINARY(16) NULL,
  case_no VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state SMALLINT NOT NULL,
  category VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  longitude DOUBLE NULL,
  latitude DOUBLE NULL,
  accuracy_m DOUBLE NULL,
  given_datum SMALLINT NULL,
  source_id BINARY(16) NULL,
  description TEXT NOT NULL,
  event_us BIGINT NOT NULL,
  file_us BIGINT NOT NULL,
  -- Where the office that filed it stands, and its path: the level that signs.
  filing_division BINARY(16) NOT NULL,
  filing_path VARBINARY(160) NOT NULL,
  disposition SMALLINT NOT NULL,
  handler BINARY(16) NULL,
  handler_is_unit BOOLEAN NOT NULL,
  -- Units, 16 bytes each.
  cooperators VARBINARY(256) NOT NULL,
  duty_item VARCHAR(500) NOT NULL,
  fixer BINARY(16) NULL,
  fixer_post BINARY(16) NULL,
  checker BINARY(16) NULL,
  signer BINARY(16) NULL,
  check_post BINARY(16) NULL,
  rework_count INT NOT NULL,
  return_count INT NOT NULL,
  unable_count INT NOT NULL,
  -- When the stage clock now running is due; NULL when none runs.
  due_us BIGINT NULL,
  total_due_us BIGINT NOT NULL,
  pass_us BIGINT NULL,
  close_us BIGINT NULL,
  closed_on_time BOOLEAN NOT NULL,
  chain_id BINARY(16) NOT NULL,
  rebound_of BINARY(16) NULL,
  rebounded_into BINARY(16) NULL,
  recheck_us BIGINT NULL,
  held SMALLINT NOT NULL,
  rule_version VARCHAR(40) CHARACTER SET ascii NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY case_no (case_no),
  KEY case_newest (file_us, case_id),
  KEY case_ground (state, ground_path),
  KEY case_place (ground_path, file_us),
  KEY case_due (due_us, case_id, ground_path),
  KEY case_handler (handler, state),
  KEY case_check_post (check_post, state),
  KEY case_chain (chain_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Separation of duties as a key (architecture.md D9): one person, one duty in a chain, over reworks and rebounds.
CREATE TABLE case_actor (
  chain_id BINARY(16) NOT NULL,
  person_id BINARY(16) NOT NULL,
  duty SMALLINT NOT NULL,
  case_id BINARY(16) NOT NULL,
  recorded_us BIGINT NOT NULL,
  PRIMARY KEY (chain_id, person_id)
) ENGINE=InnoDB;

-- Units and posts that gave a case back: each may do it once.
CREATE TABLE case_return (
  case_id BINARY(16) NOT NULL,
  handler BINARY(16) NOT NULL,
  returned_us BIGINT NOT NULL,
  PRIMARY KEY (case_id, handler)
) ENGINE=InnoDB;

-- A photo is evidence in one case only, so a race of two cases for one photo is refused by the key.
-- `owner` is the signal it came with, or the first case of the chain it was given to.
CREATE TABLE case_media (
  media BINARY(32) NOT NULL PRIMARY KEY,
  owner BINARY(16) NOT NULL,
  person BINARY(16) NULL,
  claimed_us BIGINT NOT NULL
) ENGINE=InnoDB;

-- The last running number given in a county's year. One row per county and year: no row is hot for a whole city.
CREATE TABLE case_number (
  county_code VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  year SMALLINT NOT NULL,
  last_number INT NOT NULL,
  PRIMARY KEY (county_code, year)
) ENGINE=InnoDB;

-- The story of a signal, a row per transition.
CREATE TABLE signal_event (
  signal_id BINARY(16) NOT NULL,
  seq BIGINT NOT NULL,
  action SMALLINT NOT NULL,
  from_state SMALLINT NOT NULL,
  to_state SMALLINT NOT NULL,
  account BINARY(16) NULL,
  person BINARY(16) NULL,
  post BINARY(16) NULL,
  tenure BINARY(16) NULL,
  is_system BOOLEAN NOT NULL,
  earliest_us BIGINT NOT NULL,
  latest_us BIGINT NOT NULL,
  receive_us BIGINT NOT NULL,
  reason VARCHAR(2000) NOT NULL,
  note VARCHAR(2000) NOT NULL,
  is_late BOOLEAN NOT NULL,
  rule_version VARCHAR(40) CHARACTER SET ascii NOT NULL,
  entry_id BINARY(16) NOT NULL,
  leaf BINARY(32) NOT NULL,
  -- A serialised SignalEvent: the journal's, with the words of answers that the journal leaves out.
  event MEDIUMBLOB NOT NULL,
  PRIMARY KEY (signal_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The story of a case, a row per transition.
CREATE TABLE case_event (
  case_id BINARY(16) NOT NULL,
  seq BIGINT NOT NULL,
  action SMALLINT NOT NULL,
  from_state SMALLINT NOT NULL,
  to_state SMALLINT NOT NULL,
  account BINARY(16) NULL,
  person BINARY(16) NULL,
  post BINARY(16) NULL,
  tenure BINARY(16) NULL,
  is_system BOOLEAN NOT NULL,
  earliest_us BIGINT NOT NULL,
  latest_us BIGINT NOT NULL,
  receive_us BIGINT NOT NULL,
  reason VARCHAR(2000) NOT NULL,
  note VARCHAR(2000) NOT NULL,
  is_late BOOLEAN NOT NULL,
  rule_version VARCHAR(40) CHARACTER SET ascii NOT NULL,
  entry_id BINARY(16) NOT NULL,
  leaf BINARY(32) NOT NULL,
  -- A serialised CaseEvent: the journal's, with the words of answers that the journal leaves out.
  event MEDIUMBLOB NOT NULL,
  PRIMARY KEY (case_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
