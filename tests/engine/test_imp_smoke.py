import time, csv, io
from pathlib import Path
import pytest
from jingwei.engine import founding, counting, library, queries
from jingwei.engine.models import *
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel import seals
from jingwei.registry import importing, atlas
from jingwei.registry.importing import Incoming, Options
MAPS=Path(__file__).parent/"maps"

def as_csv(head, rows):
    out=io.StringIO(); w=csv.writer(out); w.writerow(head); w.writerows(rows); return out.getvalue().encode()
def inc(p): return Incoming(p.name, p.read_bytes())
def show(b):
    print(b.counts); print(importing.notes_of(b))

def test_pingshan(db, real_data):
    founding.found(code="4403", name="深圳市", login="admin", password="Jinan-2026-xx", administrator="管理员")
    d=real_data/"pingshan_events"
    streets={r["name"]: r["code"] for r in csv.DictReader((real_data/"admin_divisions/streets_2023.csv").read_text().splitlines()) if r["code"].startswith("440310")}
    coms={}
    for r in csv.DictReader((d/"communities.csv").read_text().splitlines()):
        if r["community"]!="-": coms.setdefault((r["street"], r["community_code"]), []).append(r["community"])
    rows=[("440310","坪山区","")]+[(c,n,"") for n,c in streets.items()]
    per={}
    for (street,_),names in coms.items():
        per[street]=per.get(street,0)+1
        rows.append((f"{streets[street]}{per[street]:03}", names[0], "、".join(names[1:])))
    show(importing.run_at_once("areas", [Incoming("a.csv", as_csv(["code","name","aliases"], rows))], Options(), by=SYSTEM).batch)
    units={}
    for r in csv.DictReader((d/"dispose_units.csv").read_text().splitlines()):
        if r["code"]!="-": units.setdefault(r["code"], []).append(r["dispose_unit"])
    show(importing.run_at_once("people", [Incoming("u.csv", as_csv(["单位编码","单位名称","类型","别名"], [("PS"+c, n[0], "部门", "、".join(n[1:])) for c,n in units.items()]))], Options(), by=SYSTEM).batch)
    show(importing.run_at_once("classes", [inc(d/"type_tree.csv")], Options(list="pingshan"), by=SYSTEM, partial=True).batch)
    atlas.forget(); library.forget()
    t=time.time(); c=time.process_time()
    b=importing.preview("cases", [inc(d/"events.csv")], Options(mapping=inc(MAPS/"pingshan_events.yaml")), by=SYSTEM)
    print("preview", time.time()-t, time.process_time()-c); show(b)
    for f in importing.failed_of(b)[:5]: print(importing.reasons_of(f), f.raw)
    t=time.time(); c=time.process_time()
    r=importing.run(b, by=SYSTEM); print("run", time.time()-t, time.process_time()-c)
    print(Case.objects.filter(historical=True).count(), Fact.objects.filter(what="stated:on_time").count(), Fact.objects.filter(what="stated:late").count(), CaseClock.objects.count(), Message.objects.count())
    x=Case.objects.exclude(area=None).first(); print(x.number, x.title, x.stated, x.values, x.outcome, x.received_at, x.ended_at, x.class_top, x.lead_unit)
    print("unlocated", Case.objects.filter(area=None).count())
    t=time.time(); print(seals.verify().faults[:5], time.time()-t)
    while counting.fold(): pass
    assert counting.rebuilt()==counting.stored()
    with pytest.raises(Exception) as e: importing.run_at_once("cases", [inc(d/"events.csv")], Options(mapping=inc(MAPS/"pingshan_events.yaml")), by=SYSTEM)
    print(e.value)
    show(importing.run_at_once("cases", [inc(d/"events.csv")], Options(mapping=inc(MAPS/"pingshan_events.yaml")), by=SYSTEM, again=True).batch)
    t=time.time(); importing.undo(r.batch, by=SYSTEM); print("undo", time.time()-t, Case.objects.count())
    while counting.fold(): pass
    assert counting.rebuilt()==counting.stored()
    print(seals.verify().faults[:5])

def test_taidi(stage, real_data):
    f=real_data/"taidi_messages/hot_messages.csv"
    t=time.time(); c=time.process_time()
    b=importing.preview("cases", [inc(f)], Options(mapping=inc(MAPS/"taidi_messages.yaml")), by=SYSTEM)
    print("preview", time.time()-t, time.process_time()-c); show(b)
    for x in importing.failed_of(b)[:5]: print(importing.reasons_of(x), x.raw)
    t=time.time(); c=time.process_time()
    r=importing.run(b, by=SYSTEM); print("run", time.time()-t, time.process_time()-c)
    print(queries.queue(stage.staff("intake_desk"), "unlocated").count())
    x=Case.objects.order_by("-seq").first(); print(x.number, x.title, x.seq, len(x.values["description"]), x.happened_at, x.received_at, x.owner_post)
    print(seals.verify().faults[:5])
    t=time.time(); importing.undo(r.batch, by=SYSTEM); print("undo", time.time()-t, Case.objects.count())
    print(seals.verify().faults[:5])
