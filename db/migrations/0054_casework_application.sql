-- Applications of cases (延期, 挂账, 强制结案, 作废 ...): asked by one, decided by others.
CREATE TABLE application (
  application_id BINARY(16) NOT NULL PRIMARY KEY,
  case_id BINARY(16) NOT NULL,
  kind SMALLINT NOT NULL,
  state SMALLINT NOT NULL,
  -- Of its case.
  ground_path VARBINARY(160) NOT NULL,
  -- The case's handler when it was made; the division of the applicant's post.
  handler BINARY(16) NULL,
  office BINARY(16) NULL,
  create_us BIGINT NOT NULL,
  end_us BIGINT NULL,
  -- A serialised casework.v1.Application: all of it, with the words that the journal leaves out.
  content MEDIUMBLOB NOT NULL,
  KEY application_case (case_id, create_us),
  KEY application_ground (state, ground_path),
  KEY application_newest (create_us, application_id),
  KEY application_handler (handler, kind, create_us),
  KEY application_office (office, kind, create_us)
) ENGINE=InnoDB;

-- Who took part in an application: one person once, one seat once, the applicant among them.
CREATE TABLE application_decision (
  application_id BINARY(16) NOT NULL,
  person_id BINARY(16) NOT NULL,
  seat VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  post_id BINARY(16) NULL,
  agrees BOOLEAN NOT NULL,
  decided_us BIGINT NOT NULL,
  PRIMARY KEY (application_id, person_id),
  UNIQUE KEY application_seat (application_id, seat)
) ENGINE=InnoDB;

-- How many applications of a kind a handler or an office made in a month (yyyymm). The row is held while a ratio is judged, so that
-- two requests at once cannot both take what is left of it.
CREATE TABLE application_month (
  holder BINARY(16) NOT NULL,
  kind SMALLINT NOT NULL,
  month INT NOT NULL,
  requests INT NOT NULL,
  PRIMARY KEY (holder, kind, month)
) ENGINE=InnoDB;

-- Nobody can say when a case is due that rests.
ALTER TABLE case_file MODIFY total_due_us BIGINT NULL;
