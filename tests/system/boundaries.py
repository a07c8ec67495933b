"""Boundaries on the real binary: a file in the wrong datum is refused, hotspots that lay outside become signals when the boundary
reaches them, villages without polygon are named by their known points."""
import functools
import json
import math

from support.instance import Instance, wait_for
from system.story import set_up_city

COUNTY, TOWNSHIP, VILLAGE, NEIGHBOUR = "411702", "411702001", "411702001201", "411702001202"
HEADER = "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,frp,daynight\n"


def outline(west, east, shift_east=0.0, shift_north=0.0, steps=60):
    """A county whose borders wind, from one degree east to another, 32.8 to 33.2 N."""
    wind = lambda t: 0.01 * math.sin(17 * t) + 0.004 * math.sin(47 * t)
    sides = ([(west + (east - west) * t, 32.8 + wind(t)) for t in (i / steps for i in range(steps))],
             [(east + wind(t), 32.8 + 0.4 * t) for t in (i / steps for i in range(steps))],
             [(east - (east - west) * t, 33.2 + wind(1 - t)) for t in (i / steps for i in range(steps))],
             [(west + wind(1 - t), 33.2 - 0.4 * t) for t in (i / steps for i in range(steps))])
    return [[round(x + shift_east, 6), round(y + shift_north, 6)] for side in sides for x, y in side]


def write(instance, name, *features):
    path = instance.dir / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for code, ring in features]}))
    return str(path)


def boundaries(shape):
    with Instance(shape) as i:
        set_up_city(i)
        first = write(i, "county.geojson", (COUNTY, outline(113.8, 114.2)))
        out = i.gridctl("admin", "import", "boundaries", first, "--datum", "CGCS2000", "--as-of", "2021-01-01")
        assert "1 created" in out and "unchecked" in out, out
        # The same ground 600 m to the east: what a file in GCJ-02 looks like when it is called WGS-84.
        shifted = write(i, "shifted.geojson", (COUNTY, outline(113.8, 114.2, 0.0065, -0.0011, steps=47)))
        for more in (["--dry-run"], []):
            out = i.gridctl("admin", "import", "boundaries", shifted, "--datum", "WGS84", *more, expect=1, says="datum")
            assert "GCJ02 would fit" in out, out
        out = i.gridctl("admin", "--lang", "zh", "import", "boundaries", shifted, "--datum", "GCJ02", "--dry-run")
        assert "相符" in out, out

        hotspots = i.dir / "hotspots.csv"
        hotspots.write_text(HEADER + "33.0,114.3,318.4,1.2,1.1,2026-11-20,0340,T,81,6.1NRT,301.2,14.2,D\n")
        i.gridctl("admin", "import", "hotspots", str(hotspots))
        state = lambda: i.sql(f"SELECT state FROM {i.database}.hotspot")[0][0]
        assert state() == "2", "it lies outside"
        # From 2025 on the county reaches further east; before, it does not.
        larger = write(i, "larger.geojson", (COUNTY, outline(113.8, 114.4)))
        out = i.gridctl("admin", "import", "boundaries", larger, "--datum", "WGS84", "--as-of", "2025-01-01")
        assert "1 updated" in out, out
        wait_for("the hotspot to be located again", lambda: state() == "1", 40)
        wait_for("its signal", lambda: i.sql(f"SELECT COUNT(*) FROM {i.database}.signal_file")[0][0] == "1", 40)
        assert i.gridctl("admin", "locate", "114.3,33.0").count("%") == 1
        assert "outside every boundary" in i.gridctl("admin", "locate", "114.3,33.0", "--at", "2022-06-01")

        i.gridctl("admin", "import", "boundaries",
                  write(i, "township.geojson", (TOWNSHIP, [[114.0, 33.0], [114.1, 33.0], [114.1, 33.1], [114.0, 33.1], [114.0, 33.0]])),
                  "--datum", "WGS84")
        points = i.dir / "points.csv"
        points.write_text(f"区划代码,经度,纬度,名称\n{VILLAGE},114.05,33.05,村委会\n{NEIGHBOUR},114.08,33.05,村委会\n")
        assert "2 created" in i.gridctl("admin", "import", "points", str(points), "--datum", "WGS84")
        out = i.gridctl("admin", "locate", "114.0501,33.0501", "--accuracy", "20")
        assert "nearest known point" in out and "inside the boundary" in out, out
        print(out)
        assert "0 of them" in i.gridctl("admin", "hotspot", "relocate")


SCENARIOS = [(f"boundaries, {shape}", functools.partial(boundaries, shape)) for shape in ("all", "split")]
