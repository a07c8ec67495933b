-- Double-random draws. `commitment` and `outcome` are the canonical texts whose digests stand in the journal; `value` is a
-- serialised patrol.v1.Draw without its objects, which are read from the texts.

CREATE TABLE patrol_draw (
  draw_id BINARY(16) NOT NULL PRIMARY KEY,
  city_id BINARY(16) NULL,
  state SMALLINT NOT NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  commit_us BIGINT NOT NULL,
  value MEDIUMBLOB NOT NULL,
  commitment MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  outcome MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  KEY draw_ground (ground_path, commit_us, draw_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
