-- The request that caused a step, so that a phone finds its own work in the story and the grade of its time in sync (B12).
-- NULL for acts of the system, and for steps from before this column.
ALTER TABLE signal_event ADD COLUMN request_id BINARY(16) NULL AFTER entry_id;
ALTER TABLE case_event ADD COLUMN request_id BINARY(16) NULL AFTER entry_id;
