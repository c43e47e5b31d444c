-- Until now a device counted from the beginning, as soon as it was added.
INSERT INTO device_placements (community, device, recorded_at, member)
SELECT community, device, added_at, member FROM community_devices;
