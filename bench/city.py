"""The city that is measured: 16,000 grids with its staff, and cases filled in by the database itself."""

from __future__ import annotations

from django.db import connection

FILL = """
INSERT INTO engine_case (
  journal_count, journal_head, id, number, reporter, procedure, version_id, state, state_kind, outcome,
  source, urgency, class_code, class_top, title, area_id, area_code, county, street, community, grid,
  lon, lat, owner_role, owner_post, owner_unit, lead_unit, confidential, next_due, next_clock, alarm_at,
  happened_at, received_at, state_since, ended_at, revision, seq, "values", counters, historical)
SELECT 1, '\\x00', gen_random_uuid(), 'BX' || lpad(n::text, 12, '0'), gen_random_uuid(), 'grid_event', v.id,
  CASE WHEN o THEN (ARRAY['reported','filed','dispatched','handling','checking'])[1 + n %% 5]
    ELSE 'closed' END,
  CASE WHEN o THEN 'active' ELSE 'done' END, CASE WHEN o THEN '' ELSE 'solved' END, 'resident',
  CASE WHEN n %% 9 = 0 THEN 'urgent' ELSE 'normal' END,
  c.code, c.parent, '第' || n || '号井盖翘起',
  CASE WHEN here THEN g.id END, CASE WHEN here THEN g.code ELSE '' END, CASE WHEN here THEN g.county END,
  CASE WHEN here THEN g.street END, CASE WHEN here THEN g.community END, CASE WHEN here THEN g.id END,
  CASE WHEN here THEN 117.3 END, CASE WHEN here THEN 33.9 END,
  CASE n %% 5 WHEN 0 THEN 'acceptor' WHEN 1 THEN 'dispatcher' WHEN 4 THEN 'checker' ELSE 'unit' END,
  CASE WHEN o THEN CASE n %% 5 WHEN 0 THEN g.acceptor WHEN 1 THEN g.dispatcher WHEN 4 THEN g.worker END END,
  CASE WHEN o AND n %% 5 IN (2, 3) THEN u.id END, u.id, false,
  CASE WHEN o THEN now() + (n %% 2800 - 700) * interval '1 minute' END,
  CASE WHEN o THEN 'handle' ELSE '' END, NULL,
  t, t, t, CASE WHEN o THEN NULL ELSE t + interval '2 days' END, 1, 1,
  jsonb_build_object('description', '第' || n || '号井盖翘起来了，晚上没灯'), '{{}}', false
FROM (
  SELECT n, now() - (random() * interval '60 days') AS t, n %% 100 < {open} AS o,
    NOT (n %% 100 < {open} AND n / 100 %% 20 = 0) AS here,
    1 + floor(random() * CASE WHEN random() < 0.1 THEN 100 ELSE {grids} END)::int AS gi, 1 + floor(random() * {classes})::int AS ci,
    1 + floor(random() * {units})::int AS ui FROM generate_series({first}, {last}) n) x
JOIN bench_grid g ON g.place = x.gi JOIN bench_class c ON c.place = x.ci
JOIN bench_unit u ON u.place = x.ui
CROSS JOIN (SELECT max(id) AS id FROM engine_procedureversion WHERE procedure = 'grid_event') v
"""

HELPERS = """
CREATE TABLE IF NOT EXISTS bench_grid AS
  SELECT row_number() OVER (ORDER BY g.code)::int AS place, g.id, g.code,
    k.id AS county, s.id AS street, m.id AS community,
    (SELECT id FROM registry_post WHERE area_id = s.id AND role = 'acceptor' LIMIT 1) AS acceptor,
    (SELECT id FROM registry_post WHERE area_id = k.id AND role = 'dispatcher' LIMIT 1) AS dispatcher,
    (SELECT id FROM registry_post WHERE area_id = g.id AND role = 'grid_worker' LIMIT 1) AS worker
  FROM registry_area g JOIN registry_area m ON m.id = g.parent_id
    JOIN registry_area s ON s.id = m.parent_id JOIN registry_area k ON k.id = s.parent_id
  WHERE g.kind = 'grid';
CREATE TABLE IF NOT EXISTS bench_class AS
  SELECT row_number() OVER ()::int AS place, code, parent FROM engine_caseclass WHERE parent <> '';
CREATE TABLE IF NOT EXISTS bench_unit AS
  SELECT row_number() OVER (ORDER BY o.id)::int AS place, o.id FROM registry_organisation o
  WHERE kind IN ('municipal', 'urban_management');
"""

PARTICIPANTS = """
INSERT INTO engine_participant (case_id, kind, ref, role, received_at)
SELECT id, 'unit', lead_unit, 'unit', received_at FROM engine_case
WHERE number > 'BX' || lpad('{after}', 12, '0') AND number <= 'BX' || lpad('{last}', 12, '0')
"""

TALLIES = """
INSERT INTO engine_tally (day, hour, area, unit, procedure, class_top, what, n)
SELECT day, -1, area, 0, 'grid_event', class_top, what, count(*) FROM (
  SELECT (received_at AT TIME ZONE 'Asia/Shanghai')::date AS day, a.area, k.class_top, 'in' AS what
    FROM engine_case c,
    LATERAL (VALUES ({city}, 1), (county, 1), (street, 1), (community, 0), (grid, 0)) a(area, fine),
    LATERAL (VALUES (''), (c.class_top)) k(class_top) WHERE fine = 1 OR k.class_top = ''
  UNION ALL
  SELECT (ended_at AT TIME ZONE 'Asia/Shanghai')::date, a.area, '', w.what
    FROM engine_case c,
    LATERAL (VALUES ({city}), (county), (street), (community), (grid)) a(area),
    LATERAL (VALUES ('out:solved'),
      (CASE WHEN length(c.number) %% 3 = 0 THEN 'clock:handle:late' ELSE 'clock:handle:on_time' END),
      ('rated:reporter:solved:yes')) w(what) WHERE ended_at IS NOT NULL
  UNION ALL
  SELECT DATE '1970-01-01', a.area, '', 'open' FROM engine_case c,
    LATERAL (VALUES ({city}), (county), (street), (community), (grid)) a(area) WHERE ended_at IS NULL
) f WHERE area IS NOT NULL GROUP BY 1, 3, 6, 7
ON CONFLICT (area, unit, day, hour, what, procedure, class_top) DO UPDATE SET n = EXCLUDED.n
"""


def fill(last: int, *, first: int, open_share: int) -> None:
    """Fill cases up to a number, `open_share` of a hundred of them open; then renew sums and statistics.

    A tenth lies in the first street, whose desks are measured: their pages are full at every size. A
    twentieth of the open ones lies nowhere yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(HELPERS)
        sizes = {}
        for name in ("grid", "class", "unit"):
            cursor.execute(f"SELECT count(*) FROM bench_{name}")
            sizes[name] = cursor.fetchone()[0]
        values = {
            "open": open_share,
            "grids": sizes["grid"],
            "classes": sizes["class"],
            "units": sizes["unit"],
        }
        cursor.execute(FILL.format(first=first, last=last, **values).replace("%%", "%"))
        cursor.execute(PARTICIPANTS.format(after=first - 1, last=last))
        cursor.execute("TRUNCATE engine_tally")
        cursor.execute("SELECT id FROM registry_area WHERE kind = 'city'")
        cursor.execute(TALLIES.format(city=cursor.fetchone()[0]).replace("%%", "%"))
        for table in ("engine_case", "engine_participant", "engine_tally"):
            cursor.execute(f"VACUUM ANALYZE {table}")
