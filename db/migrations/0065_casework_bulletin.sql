-- The weekly bulletin counts a ground's rungs of a week.
ALTER TABLE rung ADD KEY rung_place (ground_path, fire_us, level);
