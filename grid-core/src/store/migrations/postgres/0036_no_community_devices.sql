-- What it said is in device_placements. A program that knows only this table is to fail, and not to go on by what stood.
DROP TABLE community_devices;
