import time, csv, io, cProfile, pstats
import pytest
from jingwei.demo import geography, people as dp
from jingwei.engine import founding
from jingwei.kernel.actors import SYSTEM
from jingwei.registry import importing, atlas
from jingwei.registry.importing import Incoming, Options

def as_csv(head, rows):
    out=io.StringIO(); w=csv.writer(out); w.writerow(head); w.writerows(rows); return out.getvalue().encode()

def test_prof(db):
    founding.found(code="3701", name="济南市", login="admin", password="Jinan-2026-xx", administrator="管理员")
    a = as_csv(["code","name"], [("370101","一区"),("370101001","一街"),("370101001001","一社区")]+[(f"370101001001{n:03}", f"网格{n}") for n in range(1,1000)])
    importing.run_at_once("areas", [Incoming("a.csv", a)], Options(), by=SYSTEM)
    s = as_csv(["工号","姓名","工作电话","岗位","岗位区划编码","岗位名称","起始日期","截止日期","临时顶岗"], [(f"N{n}",f"人{n}","0531-88146450","网格员",f"370101001001{n%999+1:03}", f"岗{n}", "2026-1-1", "", "") for n in range(20000)])
    pr=cProfile.Profile(); t=time.process_time(); w=time.time(); pr.enable()
    importing.run_at_once("people", [Incoming("s.csv", s)], Options(open_accounts=True), by=SYSTEM)
    pr.disable(); print("cpu",time.process_time()-t, "wall", time.time()-w)
    pstats.Stats(pr).sort_stats("tottime").print_stats(40)
    pstats.Stats(pr).sort_stats("cumulative").print_stats(40)
