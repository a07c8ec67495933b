-- Closed cases of small polluters around a point, for the comparison of a new one with them.
ALTER TABLE case_file ADD KEY case_disposed (disposition, latitude, longitude);
-- What was merged into a case.
ALTER TABLE signal_file ADD KEY signal_merged (merged_case, receive_us);
