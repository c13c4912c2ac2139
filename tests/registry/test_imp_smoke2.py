import time, csv, io
import pytest
from jingwei.demo import geography, people as dp
from jingwei.engine import founding
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel import seals
from jingwei.registry import importing, atlas
from jingwei.registry.importing import Incoming, Options
from jingwei.registry.models import *
from jingwei.kernel.models import Account

def as_csv(head, rows):
    out=io.StringIO(); w=csv.writer(out); w.writerow(head); w.writerows(rows); return out.getvalue().encode()

def test_city(db):
    founding.found(code=geography.CITY_CODE, name="经州市", login="admin", password="Jinan-2026-xx", administrator="管理员")
    drafts = geography.make_areas("city", 1)
    units = dp.make_organisations(drafts, "city", 1)
    seats = [*dp.make_seats(drafts, units, "city", 1)]
    staff = dp.make_staff(drafts, units, seats, "city", 1, dp.TODAY)
    print(len(drafts), len(units), len(seats), len(staff), len({s.staff_no for s in staff}))
    a = as_csv(["code","name","kind","parent","households","population"], [(d.code,d.name,d.kind,d.parent_code or "",d.households,d.population) for d in drafts])
    t=time.time(); c=time.process_time(); r = importing.run_at_once("areas", [Incoming("a.csv", a)], Options(), by=SYSTEM); print("areas", time.time()-t, time.process_time()-c, r.batch.counts)
    o = as_csv(["单位编码","单位名称","单位类型","上级单位编码","所在区划编码","电话"], [(u.code,u.name,u.kind,u.parent_code or "",u.area_code,u.phone) for u in units])
    t=time.time(); c=time.process_time(); r = importing.run_at_once("people", [Incoming("o.csv", o)], Options(), by=SYSTEM); print("orgs", time.time()-t, time.process_time()-c, r.batch.counts)
    orgs = r.batch
    s = as_csv(["工号","姓名","工作电话","单位编码","岗位","岗位区划编码","岗位单位编码","岗位名称","起始日期","截止日期","临时顶岗"], [(p.staff_no,p.name,"0531-88" + p.staff_no[-5:] + "0",p.organisation_code,seats[p.seat].role,seats[p.seat].area_code or "",seats[p.seat].organisation_code or "", seats[p.seat].title, p.starts, p.ends or "", "是" if p.substitute else "") for p in staff])
    t=time.time(); c=time.process_time(); b = importing.preview("people", [Incoming("s.csv", s)], Options(open_accounts=True), by=SYSTEM); print("preview", time.time()-t, time.process_time()-c, b.counts)
    for f in importing.failed_of(b)[:10]: print(importing.reasons_of(f), f.raw)
    t=time.time(); c=time.process_time(); r = importing.run(b, by=SYSTEM, partial=True); print("staff", time.time()-t, time.process_time()-c, r.batch.counts, len(r.activations), r.activations[0])
    print(Person.objects.count(), Post.objects.count(), Assignment.objects.count(), Account.objects.count())
    t=time.time(); print(seals.verify().faults[:5], time.time()-t)
    print([x.values for x in importing.why_not_undo(orgs)])
    t=time.time(); c=time.process_time(); importing.undo(r.batch, by=SYSTEM); print("undo", time.time()-t, time.process_time()-c)
    print(Person.objects.count(), Post.objects.count(), Assignment.objects.count(), Account.objects.count())
    importing.undo(orgs, by=SYSTEM); print(Organisation.objects.count())
    print(seals.verify().faults[:5])
