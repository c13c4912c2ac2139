import time
from pathlib import Path
import pytest
from jingwei.engine import founding
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel import seals
from jingwei.registry import importing, atlas
from jingwei.registry.importing import Incoming, Options
from jingwei.registry.models import *

def test_jinan(db, real_data, settings):
    founding.found(code="3701", name="济南市", login="admin", password="Jinan-2026-xx", administrator="管理员")
    f = real_data/"admin_divisions/villages_5cities_2021.csv"
    inc=[Incoming(f.name, f.read_bytes())]
    t=time.time(); b = importing.preview("areas", inc, Options(), by=SYSTEM); print("preview", time.time()-t, b.counts)
    t=time.time(); r = importing.run(b, by=SYSTEM); print("run", time.time()-t, r.batch.counts)
    atlas.forget()
    g = real_data/"geojson/370100_counties.geojson"
    t=time.time(); r2 = importing.run_at_once("borders", [Incoming(g.name, g.read_bytes())], Options(source="gcj02"), by=SYSTEM); print("borders", time.time()-t, r2.batch.counts); print(importing.notes_of(r2.batch))
    with pytest.raises(Exception) as e: importing.run_at_once("areas", inc, Options(), by=SYSTEM)
    print(e.value)
    r3 = importing.run_at_once("areas", inc, Options(), by=SYSTEM, again=True); print(r3.batch.counts)
    t=time.time(); print(seals.verify().faults[:5], "verify", time.time()-t)
    with pytest.raises(Exception) as e: importing.undo(r.batch, by=SYSTEM)
    print(e.value, [x.values for x in e.value.reasons])
    importing.undo(r2.batch, by=SYSTEM)
    t=time.time();
    try: importing.undo(r.batch, by=SYSTEM)
    except Exception as e: print(e, [x.values for x in e.reasons])
    print("undo", time.time()-t, Area.objects.count())
    print(seals.verify().faults[:5])
