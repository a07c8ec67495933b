-- Declared conflicts of interest (回避): who does not check whose work (services/casework/conflict_repository.cc).
CREATE TABLE conflict_of_interest (
  conflict_id BINARY(16) NOT NULL PRIMARY KEY,
  person_id BINARY(16) NOT NULL,
  -- 1 = a person, 2 = a unit, 3 = a source.
  counterpart_kind SMALLINT NOT NULL,
  counterpart BINARY(16) NOT NULL,
  reason VARCHAR(2000) NOT NULL,
  valid_until_us BIGINT NULL,
  declarer BINARY(16) NOT NULL,
  declarer_post BINARY(16) NULL,
  declare_us BIGINT NOT NULL,
  withdraw_us BIGINT NULL,
  withdraw_reason VARCHAR(2000) NOT NULL,
  -- Where the person stood when it was declared: whose offices see it.
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  KEY conflict_person (person_id, declare_us),
  KEY conflict_counterpart (counterpart),
  KEY conflict_ground (ground_path, declare_us)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The last checks of a fixer's work that passed, for alternation (B4).
ALTER TABLE case_file ADD KEY case_fixer (fixer, pass_us);
