-- The life of signals: what they were merged into, whose reporter waits for an answer, what they may be the same as.
ALTER TABLE signal_file
  ADD COLUMN merged_signal BINARY(16) NULL AFTER case_id,
  ADD COLUMN merged_case BINARY(16) NULL AFTER merged_signal,
  -- When the reporter has to be told what became of it; NULL when nobody waits.
  ADD COLUMN tell_due_us BIGINT NULL AFTER due_us,
  ADD KEY signal_tell (tell_due_us, signal_id),
  ADD KEY signal_near (state, latitude, longitude),
  ADD KEY signal_source (source_id, state);

ALTER TABLE case_file
  ADD KEY case_near (state, latitude, longitude),
  ADD KEY case_source (source_id, state);

-- Cases of small polluters that resemble a closed one elsewhere (异地转移), as the system proposes and the county decides.
CREATE TABLE relocation_proposal (
  proposal_id BINARY(16) NOT NULL PRIMARY KEY,
  state SMALLINT NOT NULL,
  case_id BINARY(16) NOT NULL,
  old_case_id BINARY(16) NOT NULL,
  division BINARY(16) NOT NULL,
  ground_path VARBINARY(160) NOT NULL,
  created_us BIGINT NOT NULL,
  -- A serialised casework.v1.RelocationProposal.
  content BLOB NOT NULL,
  subject_seq BIGINT NOT NULL,
  subject_leaf BINARY(32) NOT NULL,
  -- The same pair is proposed once.
  UNIQUE KEY relocation_pair (case_id, old_case_id),
  KEY relocation_newest (created_us, proposal_id),
  KEY relocation_place (ground_path, created_us)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
