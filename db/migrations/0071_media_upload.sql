-- Photos and documents on their way in pieces. A piece's bytes lie in the photo store; its row stands there before them, so that no
-- bytes are ever without a row and all can be swept. attempt counts how often the whole had another digest and it began again.

CREATE TABLE media_upload (
  upload_id BINARY(16) NOT NULL PRIMARY KEY,
  account BINARY(16) NOT NULL,
  sha256 BINARY(32) NOT NULL,
  size BIGINT NOT NULL,
  division BINARY(16) NOT NULL,
  subject VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state SMALLINT NOT NULL,
  held BIGINT NOT NULL,
  attempt INT NOT NULL,
  expires_us BIGINT NOT NULL,
  due_us BIGINT NOT NULL,
  UNIQUE KEY upload_of (account, sha256, size, division),
  KEY upload_due (due_us)
) ENGINE=InnoDB;

CREATE TABLE media_piece (
  upload_id BINARY(16) NOT NULL,
  attempt INT NOT NULL,
  start BIGINT NOT NULL,
  sha256 BINARY(32) NOT NULL,
  size BIGINT NOT NULL,
  held BOOLEAN NOT NULL,
  PRIMARY KEY (upload_id, attempt, start, sha256)
) ENGINE=InnoDB;
