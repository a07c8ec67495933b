-- Orders of a superior over cases (督办). `details` is a serialised casework.v1.SupervisionOrder that holds what is no column.
CREATE TABLE supervision_order (
  order_id BINARY(16) NOT NULL PRIMARY KEY,
  kind SMALLINT NOT NULL,
  state SMALLINT NOT NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  addressee BINARY(16) NULL,
  addressee_is_unit BOOLEAN NOT NULL,
  -- When it was proposed, or issued without a proposal.
  record_us BIGINT NOT NULL,
  details MEDIUMBLOB NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  KEY order_newest (record_us, order_id),
  KEY order_place (ground_path, record_us),
  KEY order_addressee (addressee, state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The cases of an order. One order of a kind stands over a case at a time, proposals apart.
CREATE TABLE supervision_order_case (
  order_id BINARY(16) NOT NULL,
  case_id BINARY(16) NOT NULL,
  kind SMALLINT NOT NULL,
  state SMALLINT NOT NULL,
  -- The kind from the issue to the lifting, else NULL.
  standing_kind SMALLINT NULL,
  PRIMARY KEY (order_id, case_id),
  UNIQUE KEY order_stands (case_id, standing_kind)
) ENGINE=InnoDB;
