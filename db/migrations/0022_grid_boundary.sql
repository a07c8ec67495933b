-- Boundaries with a history, and known points of divisions that have no polygon.

-- Since when the ground has the outline of division_boundary; NULL = always. The outlines before it: division_boundary_former.
ALTER TABLE division_boundary ADD COLUMN valid_from_us BIGINT NULL;

CREATE TABLE division_boundary_former (
  division BINARY(16) NOT NULL,
  seq SMALLINT NOT NULL,
  geojson MEDIUMTEXT NOT NULL,
  digest BINARY(32) NOT NULL,
  vertices INT NOT NULL,
  given_datum SMALLINT NOT NULL,
  valid_from_us BIGINT NULL,
  valid_to_us BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  PRIMARY KEY (division, seq),
  UNIQUE KEY boundary_former_revision (revision)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The committee's house, the middle of a hamlet: WGS-84. id is derived from division and name. revision is of the same order as that
-- of boundaries.
CREATE TABLE division_point (
  id BINARY(16) NOT NULL PRIMARY KEY,
  division BINARY(16) NOT NULL,
  display_name VARCHAR(120) NOT NULL,
  longitude DOUBLE NOT NULL,
  latitude DOUBLE NOT NULL,
  given_datum SMALLINT NOT NULL,
  revision BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  KEY point_division (division),
  UNIQUE KEY point_revision (revision)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
