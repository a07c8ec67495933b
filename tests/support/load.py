"""Clients that hand in signals at once and try again until they are answered, as phones do: what they were told is what must be there."""
import threading
import time

from support.instance import new_id

HOTLINE_CLIENTS = 6
PATROL_CLIENTS = 2


def hotline_signal(division):
    return {"requestId": new_id(), "signalId": new_id(),
            "signal": {"channel": "HOTLINE", "category": "WASTE_BURNING", "channelKey": new_id(), "division": division,
                       "eventTime": "2026-11-20T01:00:00Z"}}


class Load:
    """Six clients hand in hotline calls, two file their own finds as cases. Used by `with`: leaving it waits for what is under way."""

    def __init__(self, instance, story):
        self.instance = instance
        self.story = story
        self.division = story.division("411702001202")
        self.signals = 0
        self.longest_seconds = 0.0
        self.cases = 0
        self.errors = []
        self.stopping = threading.Event()
        self.lock = threading.Lock()  # guards the counts
        self.threads = [threading.Thread(target=self._work, args=(body,)) for body in
                        [self._hotline] * HOTLINE_CLIENTS + [self._find] * PATROL_CLIENTS]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        if kind is None and self.errors:
            raise self.errors[0]

    def longest(self):
        """How long the client that waited longest did so until its request was answered."""
        with self.lock:
            return self.longest_seconds

    def answered(self):
        with self.lock:
            return self.signals + self.cases

    def wait_for_answers(self, count, seconds=20):
        """Until `count` more are answered: the system serves."""
        goal = self.answered() + count
        deadline = time.monotonic() + seconds
        while self.answered() < goal:
            if self.errors:
                raise self.errors[0]
            assert time.monotonic() < deadline, f"only {self.answered()} of {goal} were answered within {seconds} s"
            time.sleep(0.01)

    def _work(self, body):
        try:
            while not self.stopping.is_set():
                began = time.monotonic()
                body()
                with self.lock:
                    self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)
        except BaseException as error:  # shown by the thread that waits
            self.errors.append(error)

    def _count(self, signals=0, cases=0):
        with self.lock:
            self.signals += signals
            self.cases += cases

    def _hotline(self):
        self.instance.call("G001", "casework", "SubmitSignal", hotline_signal(self.division))
        self._count(signals=1)

    def _find(self):
        signal = hotline_signal(self.division)
        signal["signal"].update(channel="PATROL", channelKey="", evidence=[self.story.photo("G004", kind) for kind in ("NEAR", "FAR")])
        name = self.instance.call("G004", "casework", "SubmitSignal", signal)["name"]
        self._count(signals=1)
        self.instance.call("G001", "casework", "FileCase", {"requestId": new_id(), "signal": name, "caseId": new_id()})
        self._count(cases=1)
