-- The photos of a chain are read when it is signed off.
ALTER TABLE case_media ADD KEY media_owner (owner);
