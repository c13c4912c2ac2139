import pytest, time, collections
from django.urls import reverse
from tests.web import people, pages
from tests.web.test_every_route import ALL

@pytest.fixture(scope="module")
def town(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), people.city() as made:
        yield made

pytestmark = pytest.mark.django_db
WHO = {
 "anonymous": ["/", "/report", "/report/request", "/follow", "/my-grid", "/privacy", "/accessibility", "/sign-in", "/activate"],
 "acceptor": ["/desk/", "/desk/call", "/me", "/me/tokens", "/post"], 
 "dispatcher": ["/desk/"], "leader": ["/desk/"], "handler": ["/desk/", "/field/"], "co_handler": ["/desk/", "/field/"],
 "worker": ["/field/", "/field/report", "/field/grid", "/field/me", "/desk/"], "intake_desk": ["/desk/", "/desk/call", "/desk/q/unlocated"],
 "county_leader": ["/board/"], "administrator": ["/admin/"], "auditor": ["/admin/"], "security_officer": ["/admin/"],
}

def test_explore(town):
    t=time.time()
    forms={}; visited=collections.Counter(); bad=[]
    for who, starts in WHO.items():
        starts=list(starts)
        if who=="anonymous":
            for c in town.codes.values(): starts.append(reverse("follow",args=[c]))
        else:
            for c in town.cases.values():
                starts += [reverse("desk-case",args=[c.pk]), reverse("field-task",args=[c.pk])]
        n=0; t1=time.time()
        tl=time.time()
        for page in pages.walk(town.client(who), starts):
            n+=1
            d=time.time()-tl
            if d>0.3: print('   slow',round(d,2),page.address)
            tl=time.time()
            if page.status>=500: bad.append((who,page.address,page.status))
            visited[pages.route(page.address)]+= page.status==200
            if page.text:
                for f in pages.read(page.address,page.text)[0]:
                    forms.setdefault((f.method,pages.route(f.action),tuple(sorted(f.fields))),(who,f))
        print(who,n,round(time.time()-t1,2))
    print(len(forms), len(visited), time.time()-t, bad)
    names={k[0] for k in visited if visited[k]}
    print("unvisited:", sorted(n for n,_,_ in ALL if n not in names and not n.startswith("api")))
    for k,(w,f) in sorted(forms.items(), key=str): print(k[0],k[1],w,f.action,[(x.name,x.kind) for x in f.fields.values()])
