-- Zones: ground where a rule holds for a time.
CREATE TABLE zone (
  zone_id BINARY(16) NOT NULL PRIMARY KEY,
  kind SMALLINT NOT NULL,
  -- Local days as YYYY-MM-DD; valid_to '9999-12-31' while it is open.
  valid_from CHAR(10) CHARACTER SET ascii NOT NULL,
  valid_to CHAR(10) CHARACTER SET ascii NOT NULL,
  -- A serialised source.v1.Zone without its corners.
  details BLOB NOT NULL,
  -- A serialised source.v1.Zone of nothing but its corners (WGS-84); empty for a list of divisions.
  corners MEDIUMBLOB NOT NULL,
  -- The box of the corners; NULL without any.
  west DOUBLE NULL,
  south DOUBLE NULL,
  east DOUBLE NULL,
  north DOUBLE NULL,
  create_us BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  KEY zone_newest (create_us, zone_id),
  KEY zone_box (south, north)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE zone_division (
  division BINARY(16) NOT NULL,
  zone_id BINARY(16) NOT NULL,
  PRIMARY KEY (division, zone_id)
) ENGINE=InnoDB;
