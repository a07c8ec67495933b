-- Who is calling: accounts, credentials, sessions. Statements end with ";" at the end of a line.

-- At most one row, made with the first change: the number of the last change that other processes must hear of (GetAccess). Whoever changes an account or ends a
-- session locks it first, so numbers become visible in their order.
CREATE TABLE access_head (
  head_id TINYINT NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL
) ENGINE=InnoDB;

CREATE TABLE account (
  account_id BINARY(16) NOT NULL PRIMARY KEY,
  login VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  phone VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL,
  display_name VARCHAR(64) CHARACTER SET utf8mb4 NOT NULL,
  person BINARY(16) NULL,
  administrator BOOLEAN NOT NULL,
  disabled BOOLEAN NOT NULL,
  created_us BIGINT NOT NULL,
  access_revision BIGINT NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY account_login (login),
  UNIQUE KEY account_phone (phone),
  KEY account_revision (access_revision)
) ENGINE=InnoDB;

-- The password as an Argon2id PHC string. demo_cost marks the simulated accounts of a demo log, hashed at a lower cost.
CREATE TABLE credential (
  account_id BINARY(16) NOT NULL PRIMARY KEY,
  phc VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  demo_cost BOOLEAN NOT NULL,
  changed_us BIGINT NOT NULL
) ENGINE=InnoDB;

-- A session is a family of refresh tokens. A token is family (16 bytes) and turn (32 bytes); only SHA-256 digests are here. A
-- known family with a stale turn shows that a token was used twice.
CREATE TABLE session (
  session_id BINARY(16) NOT NULL PRIMARY KEY,
  account_id BINARY(16) NOT NULL,
  family_digest BINARY(32) NOT NULL,
  token_digest BINARY(32) NOT NULL,
  previous_digest BINARY(32) NULL,
  previous_spent BOOLEAN NOT NULL,
  rotated_us BIGINT NOT NULL,
  client VARCHAR(120) CHARACTER SET utf8mb4 NOT NULL,
  created_us BIGINT NOT NULL,
  idle_expires_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL,
  access_expires_us BIGINT NOT NULL,
  ended_us BIGINT NULL,
  end_reason SMALLINT NOT NULL,
  access_revision BIGINT NULL,
  UNIQUE KEY session_family (family_digest),
  KEY session_account (account_id, ended_us),
  KEY session_revision (access_revision),
  KEY session_idle (idle_expires_us)
) ENGINE=InnoDB;

-- Attempts to sign in, by keyed digest of the login or of the caller's address: no personal value.
CREATE TABLE login_attempt (
  attempt_key BINARY(32) NOT NULL PRIMARY KEY,
  failures INT NOT NULL,
  last_us BIGINT NOT NULL,
  locked_until_us BIGINT NOT NULL,
  KEY attempt_last (last_us)
) ENGINE=InnoDB;

-- Public halves of the keys that sign access tokens. The private halves are files in the data directory.
CREATE TABLE signing_key (
  key_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  public_key BINARY(32) NOT NULL,
  created_us BIGINT NOT NULL,
  active_us BIGINT NOT NULL,
  retired_us BIGINT NULL
) ENGINE=InnoDB;
