-- Hotspots outside every polygon are located again when the ground's outlines change. One row: up to which entry of the journal they
-- changed, and up to which the hotspots were looked at since.
CREATE TABLE hotspot_relocation (
  id TINYINT NOT NULL PRIMARY KEY,
  wanted BIGINT NOT NULL,
  done BIGINT NOT NULL
) ENGINE=InnoDB;
