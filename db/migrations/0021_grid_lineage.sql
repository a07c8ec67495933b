-- Ground that changes: where a division stood, what it was called, and what became of its ground, in two times.

-- No row: under division.parent for all of its life, as was always known. Never edited: a reorganisation withdraws and makes new ones.
CREATE TABLE division_placement (
  division BINARY(16) NOT NULL,
  seq SMALLINT NOT NULL,
  parent BINARY(16) NULL,
  valid_from_us BIGINT NULL,
  valid_to_us BIGINT NULL,
  recorded_us BIGINT NULL,
  revoked_us BIGINT NULL,
  PRIMARY KEY (division, seq)
) ENGINE=InnoDB;

CREATE TABLE division_name (
  division BINARY(16) NOT NULL,
  seq SMALLINT NOT NULL,
  display_name VARCHAR(120) NOT NULL,
  valid_from_us BIGINT NULL,
  valid_to_us BIGINT NULL,
  PRIMARY KEY (division, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- to_division is NULL where no successor is known.
CREATE TABLE division_lineage (
  id BINARY(16) NOT NULL PRIMARY KEY,
  from_division BINARY(16) NOT NULL,
  to_division BINARY(16) NULL,
  kind SMALLINT NOT NULL,
  share DOUBLE NOT NULL,
  effective_us BIGINT NOT NULL,
  recorded_us BIGINT NOT NULL,
  revoked_us BIGINT NULL,
  document_no VARCHAR(80) NOT NULL,
  revision BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  KEY lineage_from (from_division),
  KEY lineage_to (to_division),
  UNIQUE KEY lineage_revision (revision)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Date of the newest list that named what stands below a division.
CREATE TABLE division_list (
  parent BINARY(16) NOT NULL PRIMARY KEY,
  as_of_us BIGINT NOT NULL
) ENGINE=InnoDB;

-- What a later list shows and nobody should guess. `candidates` is a serialised DivisionProposal with nothing but them.
CREATE TABLE division_proposal (
  id BINARY(16) NOT NULL PRIMARY KEY,
  kind SMALLINT NOT NULL,
  state SMALLINT NOT NULL,
  division BINARY(16) NOT NULL,
  listed_display_name VARCHAR(120) NOT NULL,
  as_of_us BIGINT NOT NULL,
  document_no VARCHAR(80) NOT NULL,
  candidates MEDIUMBLOB NOT NULL,
  recorded_us BIGINT NOT NULL,
  decided_us BIGINT NULL,
  decided_by BINARY(16) NULL,
  accepted_candidate SMALLINT NOT NULL,
  version BIGINT NOT NULL,
  UNIQUE KEY proposal_once (division, kind, as_of_us),
  KEY proposal_state (state, as_of_us, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
