-- The ground, the posts on it, and who held them. Intervals are half-open; NULL is an open end.
-- Every row carries the revision at which it last changed, so that other processes fetch only what is new.

-- One row, locked first by every change: the order of revisions is the order of commits.
CREATE TABLE grid_revision (
  id TINYINT NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  boundary_revision BIGINT NOT NULL
) ENGINE=InnoDB;
INSERT INTO grid_revision (id, revision, boundary_revision) VALUES (1, 0, 0);

CREATE TABLE division (
  id BINARY(16) NOT NULL PRIMARY KEY,
  parent BINARY(16) NULL,
  level SMALLINT NOT NULL,
  display_name VARCHAR(120) NOT NULL,
  valid_from_us BIGINT NULL,
  valid_to_us BIGINT NULL,
  statistical BOOLEAN NOT NULL,
  has_boundary BOOLEAN NOT NULL,
  revision BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY division_revision (revision),
  KEY division_parent (parent)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Codes change and are re-used: which division a code meant depends on the day.
CREATE TABLE division_code (
  division BINARY(16) NOT NULL,
  seq SMALLINT NOT NULL,
  code VARCHAR(24) CHARACTER SET ascii NOT NULL,
  valid_from_us BIGINT NULL,
  valid_to_us BIGINT NULL,
  PRIMARY KEY (division, seq),
  KEY division_code_code (code)
) ENGINE=InnoDB;

-- Polygons in WGS-84, one GeoJSON MultiPolygon per division.
CREATE TABLE division_boundary (
  division BINARY(16) NOT NULL PRIMARY KEY,
  id BINARY(16) NOT NULL,
  geojson MEDIUMTEXT NOT NULL,
  digest BINARY(32) NOT NULL,
  vertices INT NOT NULL,
  given_datum SMALLINT NOT NULL,
  revision BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY boundary_revision (revision)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE person (
  id BINARY(16) NOT NULL PRIMARY KEY,
  staff_no VARCHAR(40) COLLATE utf8mb4_bin NOT NULL,
  display_name VARCHAR(60) NOT NULL,
  phone VARCHAR(30) NOT NULL,
  revision BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY person_staff_no (staff_no),
  UNIQUE KEY person_revision (revision)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE unit (
  id BINARY(16) NOT NULL PRIMARY KEY,
  display_name VARCHAR(120) NOT NULL,
  division BINARY(16) NOT NULL,
  revision BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY unit_place (division, display_name),
  UNIQUE KEY unit_revision (revision)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE unit_alias (
  unit BINARY(16) NOT NULL,
  seq SMALLINT NOT NULL,
  alias VARCHAR(120) NOT NULL,
  PRIMARY KEY (unit, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A post is a row whether or not somebody holds it. `place` is a division, or a unit where of_unit is set.
CREATE TABLE post (
  id BINARY(16) NOT NULL PRIMARY KEY,
  place BINARY(16) NOT NULL,
  of_unit BOOLEAN NOT NULL,
  kind SMALLINT NOT NULL,
  regime SMALLINT NOT NULL,
  responsibility SMALLINT NOT NULL,
  ordinal INT NOT NULL,
  valid_from_us BIGINT NULL,
  valid_to_us BIGINT NULL,
  revision BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY post_place (place, regime, kind, ordinal),
  UNIQUE KEY post_revision (revision)
) ENGINE=InnoDB;

-- Two times: when it was true (valid) and when we knew it (recorded, revoked). Never edited: a correction revokes and replaces.
CREATE TABLE tenure (
  id BINARY(16) NOT NULL PRIMARY KEY,
  post BINARY(16) NOT NULL,
  person BINARY(16) NOT NULL,
  kind SMALLINT NOT NULL,
  valid_from_us BIGINT NOT NULL,
  valid_to_us BIGINT NULL,
  recorded_us BIGINT NOT NULL,
  revoked_us BIGINT NULL,
  document_no VARCHAR(80) NOT NULL,
  revision BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  KEY tenure_post (post, kind),
  KEY tenure_person (person),
  UNIQUE KEY tenure_revision (revision)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
