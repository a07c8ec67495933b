"""A province: 18 cities, 181 counties, 2,586 townships and 52,378 villages with all their posts (the size of Henan), imported through
gridctl, resolved from memory, with a board over all of it. Beside it one city of the same make, so that what grows with what shows."""
import random
import time

from bench import bench_city
from support.instance import Refused, new_id, wait_for

TOP = "41"
CITIES, COUNTIES, TOWNSHIPS, VILLAGES = 18, 181, 2586, 52378
READS = 1000


def share(total, parts, i):
    """How many of `total` fall to part i of `parts`, spread evenly."""
    return total * (i + 1) // parts - total * i // parts


def codes(cities=CITIES):
    """Codes of the whole tree, or of its first cities only."""
    city_codes = [f"41{i + 1:02d}" for i in range(CITIES)]
    counties = [f"{city}{n + 1:02d}" for i, city in enumerate(city_codes) for n in range(share(COUNTIES, CITIES, i))]
    townships = [f"{county}{n + 1:03d}" for i, county in enumerate(counties) for n in range(share(TOWNSHIPS, COUNTIES, i))]
    villages = [f"{township}{n + 200:03d}" for i, township in enumerate(townships) for n in range(share(VILLAGES, TOWNSHIPS, i))]
    kept = set(city_codes[:cities])
    return tuple([code for code in level if code[:4] in kept] for level in (city_codes, counties, townships, villages))


def lively(townships, villages, cities):
    """The first two townships of each city, with a few of their villages."""
    chosen = {}
    for city in cities:
        for township in [code for code in townships if code.startswith(city)][:2]:
            chosen[township] = [code for code in villages if code.startswith(township)][:5]
    return chosen


def percentile(values, share_of):
    return sorted(values)[min(len(values) - 1, int(share_of * len(values)))]


def resolve_chains(instance, villages):
    """Milliseconds of ResolveResponsible through the API, a random village each time."""
    chosen, connection, times = random.Random(7), instance.connect(), []
    for _ in range(READS):
        request = {"division": f"divisions/code:{chosen.choice(villages)}", "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        began = time.monotonic()
        answer = instance.call_as("admin", "grid", "ResolveResponsible", request, connection=connection)
        times.append(1000 * (time.monotonic() - began))
        assert len({link["level"] for link in answer["chain"]}) >= 4, answer
    return times


def removal_acts_after(instance, township, login):
    """Seconds from a removal from a post to the refusal of its holder in another area (G17: at most 5)."""
    division = instance.call("admin", "grid", "GetDivision", {"name": f"divisions/code:{township}"})["name"]
    posts = instance.call("admin", "grid", "ListPosts", {"parent": division, "kind": "CAMPAIGN_OFFICE"})["posts"]
    tenure = next(post["tenure"] for post in posts if post.get("tenure"))
    instance.sign_in(login, bench_city.PASSWORD)
    instance.call_as(login, "casework", "ListCases", {})
    instance.call("admin", "grid", "CorrectTenure", {"requestId": new_id(), "name": tenure["name"]})
    began = time.monotonic()

    def refused():
        try:
            instance.call_as(login, "casework", "ListCases", {})
            return False
        except Refused:
            return True

    wait_for("a removal to act", refused, 60)
    return time.monotonic() - began


def restart_seconds(instance, target):
    """Seconds until a process that starts on a migrated database is ready, the whole ground loaded."""
    assert instance.stop(target) == 0
    began = time.monotonic()
    instance.restart(target)
    return time.monotonic() - began


def settle(instance, memory_of):
    """Memory once every process has the ground and has given back what loading it took."""
    time.sleep(4)
    return memory_of(instance)


def load(instance, memory_of, cities=CITIES):
    """Imports the tree of so many cities; answers (figures, codes)."""
    tree = codes(cities)
    before = memory_of(instance)
    figures = bench_city.import_divisions(instance, *tree)
    figures["memory_before"], figures["memory"] = before, settle(instance, memory_of)
    return figures, tree
