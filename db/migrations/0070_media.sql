-- Photos and documents. The bytes are files named by their SHA-256; a row stands only for a file that is on disk.

CREATE TABLE media (
  sha256 BINARY(32) NOT NULL PRIMARY KEY,
  media_id BINARY(16) NOT NULL,
  size BIGINT NOT NULL,
  content_type SMALLINT NOT NULL,
  width INT NOT NULL,
  height INT NOT NULL,
  created_us BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY media_subject (media_id)
) ENGINE=InnoDB;

-- Who uploaded it for which ground: who may see it follows from these rows.
CREATE TABLE media_scope (
  sha256 BINARY(32) NOT NULL,
  account BINARY(16) NOT NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  subject VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (sha256, account, division),
  KEY scope_ground (ground_path)
) ENGINE=InnoDB;
