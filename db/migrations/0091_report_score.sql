-- Scores: what each case and signal counts, and the sums. A generation is one way of counting (ScoreRules::Counting): another set of
-- terms is folded from the first entry again, beside the old one.

CREATE TABLE score_fact (
  generation BIGINT NOT NULL,
  subject BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  fact BLOB NOT NULL,
  PRIMARY KEY (generation, subject),
  KEY score_fact_ground (generation, ground_path, subject)
) ENGINE=InnoDB;

CREATE TABLE score_counter (
  generation BIGINT NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  month INT NOT NULL,
  term VARCHAR(40) CHARACTER SET ascii NOT NULL,
  party VARCHAR(44) CHARACTER SET ascii NOT NULL,
  numerator BIGINT NOT NULL,
  denominator BIGINT NOT NULL,
  uncertain BIGINT NOT NULL,
  adjusted BIGINT NOT NULL,
  PRIMARY KEY (generation, ground_path, month, term, party)
) ENGINE=InnoDB;

-- Appeals. `value` is a serialised report.v1.ScoreAppeal; one case is appealed against once in one term.
CREATE TABLE score_appeal (
  appeal_id BINARY(16) NOT NULL PRIMARY KEY,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  case_id BINARY(16) NOT NULL,
  term VARCHAR(40) CHARACTER SET ascii NOT NULL,
  state SMALLINT NOT NULL,
  submit_us BIGINT NOT NULL,
  value MEDIUMBLOB NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  UNIQUE KEY score_appeal_case (case_id, term),
  KEY score_appeal_ground (ground_path, submit_us, appeal_id)
) ENGINE=InnoDB;
