-- What hotspots turned out to be.
CREATE TABLE hotspot_verdict (
  hotspot_id BINARY(16) NOT NULL PRIMARY KEY,
  -- Its own aggregate in the journal.
  verdict_id BINARY(16) NOT NULL,
  state SMALLINT NOT NULL,
  verdict SMALLINT NOT NULL,
  -- A serialised intake.v1.HotspotVerdict.
  content MEDIUMBLOB NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Whose share of a pixel it is. One level of divisions per hotspot, so that a parent is the sum of its children.
CREATE TABLE hotspot_share (
  hotspot_id BINARY(16) NOT NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  acquired_us BIGINT NOT NULL,
  state SMALLINT NOT NULL,
  verdict SMALLINT NOT NULL,
  share DOUBLE NOT NULL,
  PRIMARY KEY (hotspot_id, division),
  KEY share_ground (ground_path, acquired_us)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
