-- What phones have to be told: folded from the feed of the journal (services/sync/change_fold.cc), so that everything here can be
-- emptied and folded again from index 0, with the cursor of the consumer "sync.changes".

-- A case, signal, patrol task or source as its last entry left it.
CREATE TABLE sync_record (
  record_id BINARY(16) NOT NULL PRIMARY KEY,
  kind SMALLINT NOT NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  revision BIGINT NOT NULL,
  idx BIGINT NOT NULL,
  is_open BOOLEAN NOT NULL,
  -- When it stopped being open; NULL while it is.
  closed_us BIGINT NULL,
  -- The post that filed a case: its level signs.
  filing_post BINARY(16) NULL
) ENGINE=InnoDB;

-- Who holds a record on the phone, a row each: the ground it stands on (holder is the township, or the last division above it), the posts
-- and units it waits for or was assigned to. What a pull reads stands here a second time, so that it reads nothing else.
CREATE TABLE sync_interest (
  holder BINARY(16) NOT NULL,
  record_id BINARY(16) NOT NULL,
  -- Where the record stood; of ground that it left, the old place.
  ground_path VARBINARY(160) NOT NULL,
  is_ground BOOLEAN NOT NULL,
  kind SMALLINT NOT NULL,
  revision BIGINT NOT NULL,
  -- The first 8 bytes of SHA-256 of "kind:name:revision", as a signed number.
  digest BIGINT NOT NULL,
  from_idx BIGINT NOT NULL,
  -- Its last entry while this held.
  last_idx BIGINT NOT NULL,
  -- The entry that ended it; NULL while it holds.
  to_idx BIGINT NULL,
  is_open BOOLEAN NOT NULL,
  closed_us BIGINT NULL,
  PRIMARY KEY (record_id, holder, ground_path),
  KEY sync_changed (holder, last_idx),
  KEY sync_open (holder, is_open, last_idx),
  KEY sync_closed (holder, closed_us)
) ENGINE=InnoDB;
