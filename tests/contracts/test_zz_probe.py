from typing import Any
import pytest
from node.services import NAMES, load
from tests.support.nodes import token
T = token(roles=["clerk", "handler", "leader", "supervisor", "analyst", "operator"])
CASES = [("intake","/api/intake/v1/petitions?number=%00"),("intake","/api/intake/v1/petitions?number=a%00b"),("intake","/api/intake/v1/petitions?number="+"9"*5000),("intake","/api/intake/v1/petitions?number=%ED%A0%80"),("intake","/api/intake/v1/public/petitions/a%00/status"),
("intake","/api/intake/v1/petitions?cursor=%00"),("intake","/api/intake/v1/petitions?cursor=%E4%B8%AD"),
("routing","/api/routing/v1/cases?state=%00"),("routing","/api/routing/v1/cases?state=%ED%A0%80"),("routing","/api/routing/v1/cases?cursor=a%00"),
("analytics","/api/analytics/v1/statistics?region=%00"),("analytics","/api/analytics/v1/statistics?region=33%0A"),("analytics","/api/analytics/v1/statistics?region=%D9%A3%D9%A3"),
("documents","/api/documents/v1/petitions/00000000-0000-0000-0000-000000000000/files?cursor=______________________"),
("notify","/api/notify/v1/messages?petition_id=%00")]
@pytest.mark.parametrize("name,path", CASES)
async def test_x(name: str, path: str, start: Any) -> None:
    r = await start(load(name))
    a = await r.request("GET", path, who=T, headers={"query-code":"ABCD\xe9".encode("latin1")} if "status" in path else {})
    print(name, path[:70], a.status_code, a.text[:200])
    assert a.status_code < 500
async def test_post(start: Any) -> None:
    r = await start(load("intake"))
    base={"channel":"letter","kind":"appeal","title":"t","content":"c"}
    for extra in ({"external_id":"\x00"},{"received_at":"0001-01-01T00:00:00+14:00"},{"received_at":"9999-12-31T23:59:59-14:00"},{"received_at":1e300},{"received_at":-62135596800},{"title":"\ud800"},{"petitioners":[{}]*1000},{"petitioners":[{"phone":"1"*19}]},{"petitioners":[{"name":None,"id_number":"1"*18}]},{"accused_units":["nowhere"]},{"about_region":"999999999999"},{"about_region":"٣"*12},{"about_region":"000000000000"},{"category":"a\u0000"}):
        import json
        a = await r.request("POST","/api/intake/v1/petitions",who=T,content=json.dumps({**base,**extra}).encode(),headers={"content-type":"application/json"})
        print(str(extra)[:60], a.status_code, a.text[:160])
    for raw in (b"\xff\xfe", b"[", b"{"*100000, b"["*200000, b'{"a":'+b"9"*10000+b"}", b"NaN", b'{"channel":"letter","kind":"appeal","title":"\\ud800","content":"c"}'):
        a = await r.request("POST","/api/intake/v1/petitions",who=T,content=raw,headers={"content-type":"application/json"})
        print(raw[:30], a.status_code, a.text[:160])
        a = await r.request("POST","/api/intake/v1/petitions",who=T,content=raw,headers={"content-type":"text/plain"})
        print("text", raw[:30], a.status_code, a.text[:160])
    for who in ("x", "a.b.c", token(unit="nope"), token(region="\x00"), token(unit="\x00"), token(subject="a\x00b"),token(subject="a"*5000), token(region="99"), token(unit=None), token(roles="clerk")):
        for m,p in (("GET","/api/intake/v1/petitions"),("POST","/api/intake/v1/petitions")):
            a = await r.request(m,p,who=who,**({"json":base} if m=="POST" else {}))
            print("who", who[-20:], m, a.status_code, a.text[:130])
async def test_routing(start: Any) -> None:
    import sys; sys.path.insert(0,"/work/main")
    from tests.contracts.test_bad_input import known_to
    r = await start(load("routing"))
    k = await known_to(r)
    for extra in ({"to_unit":"330225-xf","due_at":"9999-12-31T23:59:59-14:00","note":"x"},{"to_unit":"330225-xf","due_at":"0001-01-01T00:00:00+14:00"},{"to_unit":"330225-xf","due_at":"2027-01-01T00:00:00Z","note":"\ud800"},{"to_unit":"330225-xf","due_at":"2027-01-01T00:00:00Z","note":"\ufffe\u2028"},{"to_unit":"x\n","due_at":"2027-01-01T00:00:00Z"}):
        import json
        a = await r.request("POST",f"/api/routing/v1/cases/{k['case_id']}/assign",who=T,content=json.dumps({"version":1,**extra}).encode(),headers={"content-type":"application/json"})
        print(str(extra)[:90], a.status_code, a.text[:260])
