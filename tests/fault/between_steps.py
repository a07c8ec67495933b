"""kill -9 between any two steps of the story. The next step begins while the victim is down: the client goes on asking with the same
request, as a phone does, and the answer must be the one an undisturbed city gives."""
import concurrent.futures

from support.instance import Instance
from support.load import Load
from support.mariadb import PrivateMariadb
from system import recount
from system.story import Story, check_outcome, set_up_city

# Every one of them dies; those that write first.
SPLIT = ["casework", "journal", "report", "patrol", "media", "grid", "identity", "gateway", "source", "intake", "notify", "sync"]


def process_dies(shape):
    with Instance(shape) as instance:
        set_up_city(instance)
        story = Story(instance)
        died = set()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for number, step in enumerate(Story.STEPS):
                # In split two at once, never the same pair, so that more than one combination is away.
                victims = ["all"] if shape == "all" else [SPLIT[number % len(SPLIT)], SPLIT[(number * 3 + 4) % len(SPLIT)]]
                for victim in set(victims):
                    instance.kill(victim)
                    died.add(victim)
                restarts = [pool.submit(instance.restart, victim) for victim in set(victims)]
                step(story)
                for restart in restarts:
                    restart.result()
        assert died == set(instance.targets()), f"never died: {set(instance.targets()) - died}"
        if shape == "split":
            every_process_at_once(instance)
        check_outcome(instance, story)


def every_process_at_once(instance):
    """A power cut: all die and start together."""
    for target in instance.targets():
        instance.kill(target)
    instance.start()


def database_dies():
    with PrivateMariadb() as database, Instance("all", database_socket=database.socket) as instance:
        set_up_city(instance)
        story = Story(instance)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            for step in Story.STEPS:
                away = None
                if step in (Story.handler_accepts, Story.leader_signs):
                    database.kill()
                    away = pool.submit(database.revive)
                step(story)
                if away:
                    away.result()
        check_outcome(instance, story)
        with Load(instance, story) as load:
            for _ in range(2):
                load.wait_for_answers(30)
                database.kill()
                database.revive()
            load.wait_for_answers(30)
        recount.check_load(instance, load, 1, 2)
        recount.check_all(instance)
        return f"{load.answered()} acknowledged under load"
