"""A small county for the browser tests: the divisions of db/demo, the people of the story, somebody of discipline inspection, and 32 patrol
officers, each with a post of his own, so that scenarios run side by side without meeting. Through the imports and rpcs an operator uses."""
import json

from support.instance import ROOT
from system.story import PASSWORD, PEOPLE, Story, set_up_city

PATROL_OFFICERS = 32
FAMILY_NAMES = "孙马朱胡林何高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡余杜叶程"


def people():
    more = {f"P{number:03}": (FAMILY_NAMES[number - 1] + "巡", "PATROL_OFFICER", "411702001", number + 1) for number in range(1, PATROL_OFFICERS + 1)}
    return {**PEOPLE, **more, "D001": ("潘正", "DISCIPLINE", "411702")}


def posts_of(instance, code):
    """(kind, number) -> resource name."""
    parent = instance.call("admin", "grid", "GetDivision", {"name": f"divisions/code:{code}"})["name"]
    found, token = {}, ""
    while True:
        page = instance.call("G009", "grid", "ListPosts", {"parent": parent, "pageSize": 100, "pageToken": token})
        for one in page["posts"]:
            post = one["post"]
            found[(post["kind"], int(post.get("ordinal", post.get("seat", 1)) or 1))] = post["name"]
        token = page.get("nextPageToken", "")
        if not token:
            return parent, found


def build(instance, failures, stories=True):
    everybody = people()
    set_up_city(instance, everybody)
    divisions, posts = {}, {}
    for code in sorted({one[2] for one in everybody.values()}):
        divisions[code], posts[code] = posts_of(instance, code)
    for code in ("411702001201", "411702001202", "411702001203", "411702001204"):
        divisions[code] = instance.call("admin", "grid", "GetDivision", {"name": f"divisions/code:{code}"})["name"]
    world = {
        "port": instance.http_port, "key": f"{instance.dir}/tls/edge.key", "certificate": f"{instance.dir}/tls/edge.pem",
        "authority": instance.authority, "database": instance.database, "socket": instance.socket, "password": PASSWORD,
        "adminPassword": instance.admin_password, "divisions": divisions,
        "people": {login: {"name": one[0], "kind": one[1], "division": divisions[one[2]],
                           "post": posts[one[2]][(one[1], one[3] if len(one) > 3 else 1)]} for login, one in everybody.items()},
        "screens": str(ROOT / "tests/browser/screens"), "failures": str(failures),
    }
    return {**world, **for_a_leader(instance)} if stories else world


def for_a_leader(instance):
    """A find that waits for a decision, and a case that wants only the signature."""
    found, fixed = Story(instance), Story(instance)
    for step in Story.STEPS[:3]:
        step(found)
    signed = Story.STEPS.index(Story.leader_signs)
    for step in [step for step in Story.STEPS[:signed] if step is not Story.the_fixer_may_not_check]:
        step(fixed)
    return {"toDecide": found.signal, "toSign": fixed.case}


def write(world, path):
    path.write_text(json.dumps(world, ensure_ascii=False, indent=1), encoding="utf-8")
