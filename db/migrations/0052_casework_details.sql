-- What only whole reads of a case need, as one serialised casework.v1.Case that holds nothing else.
ALTER TABLE case_file ADD COLUMN details MEDIUMBLOB NOT NULL DEFAULT '' AFTER rule_version;
