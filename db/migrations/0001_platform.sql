-- What every area's transactions share. Each statement ends with ";" at the end of a line.

-- The answer of every state-changing request, for the life of the evidence (architecture.md D6).
CREATE TABLE op_receipt (
  request_id BINARY(16) NOT NULL PRIMARY KEY,
  account BINARY(16) NULL,
  method VARCHAR(120) CHARACTER SET ascii NOT NULL,
  digest BINARY(32) NOT NULL,
  answer MEDIUMBLOB NOT NULL,
  created_us BIGINT NOT NULL
) ENGINE=InnoDB;

-- How far each consumer of the feed has come. Saved in the transaction of what it did.
CREATE TABLE feed_cursor (
  consumer VARCHAR(60) CHARACTER SET ascii NOT NULL PRIMARY KEY,
  next_index BIGINT NOT NULL
) ENGINE=InnoDB;

-- The policy files as loaded by `gridwarden migrate`, every version kept. The newest row of a file is in force.
CREATE TABLE policy_document (
  file_name VARCHAR(80) CHARACTER SET ascii NOT NULL,
  loaded_us BIGINT NOT NULL,
  digest BINARY(32) NOT NULL,
  body MEDIUMTEXT NOT NULL,
  PRIMARY KEY (file_name, loaded_us)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
