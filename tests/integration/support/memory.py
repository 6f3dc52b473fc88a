"""Users' memories under faults: brought in, put to sleep, and compared with those of an undisturbed run."""

import itertools
import json
import threading

import grpc
from support import daemon, wire
from support.conversation import conversation

UNFINISHED = [
    wire.consolidation.TASK_STATE_WAITING,
    wire.consolidation.TASK_STATE_RUNNING,
    wire.consolidation.TASK_STATE_BEHIND,
    wire.consolidation.TASK_STATE_DELAYED,
]
BATCH = 100


def sample_memory():
    """The episodes that the demo is about."""
    episodes = []
    path = wire.ROOT / "server" / "demo" / "sample_memory.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        given = json.loads(line)
        for name in ("type", "origin"):
            if name in given:
                given[name] = f"{name}_{given[name]}".replace("type_", "EPISODE_TYPE_").replace("origin_", "ORIGIN_").upper()
        time = given.pop("occurred_at")
        episode = wire.memory.Episode(**given)
        episode.occurred_at.FromJsonString(time)
        episodes.append(episode)
    return episodes


def ingest(client, user, episodes):
    """The user's tasks are those that the test asks for, and no others."""
    client.RegisterUser(user=user, no_conditions=True)
    for start in range(0, len(episodes), BATCH):
        answer = client.IngestEpisodes(user=user, episodes=episodes[start : start + BATCH])
        for result in answer.results:
            assert result.status in (wire.memory.INGEST_STATUS_STORED, wire.memory.INGEST_STATUS_EXISTS), result


def is_drained(client, user):
    unfinished = client.ListTasks(user=user, states=UNFINISHED)
    return not unfinished.tasks and client.GetUser(user=user).pending == 0


def facts(client, user):
    """As printed, without the run that last changed them."""
    found = []
    for fact in wire.pages(client.ListFacts, "facts", user=user, history=True, page_size=1000):
        fact.run_id = ""
        found.append(fact.SerializeToString(deterministic=True))
    return found


# The daemon is gone; or it is there, and its store is not, or not in time; or it shuts down, and gRPC itself cancels
# what comes in last (github.com/grpc/grpc/issues/41785): no client here cancels a call.
RETRIED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)


class Memory:
    """Episodes, asked to be read `limit` a run (0: the default), and what an undisturbed daemon made of them."""

    def __init__(self, name, episodes, limit):
        self.name, self.episodes, self.limit = name, episodes, limit
        self.digest, self.facts = None, None

    def trigger(self, client, user, request_id="first"):
        return client.TriggerConsolidation(user=user, episode_limit=self.limit, request_id=f"{user} {request_id}").task

    def sleep_undisturbed(self, client, user="undisturbed"):
        """Sets what is expected of everybody else with these episodes. Returns the tasks that it took."""
        ingest(client, user, self.episodes)
        tasks = wire.drain(client, self.trigger(client, user))
        assert is_drained(client, user)
        self.digest = client.GetUser(user=user).digest
        self.facts = facts(client, user)
        assert len(self.facts) > 8, f"only {len(self.facts)} facts: too little to lose"
        return tasks

    def check(self, test, client, user):
        """Nothing is lost, nothing is doubled, nothing is left over. Returns the user's tasks."""
        state = client.GetUser(user=user)
        test.assertEqual((state.episodes, state.pending, state.unreadable), (len(self.episodes), 0, 0))
        test.assertEqual(state.digest, self.digest)
        test.assertEqual(facts(client, user), self.facts)
        test.assertEqual(state.facts, len(self.facts))
        test.assertTrue(client.VerifyUser(user=user).equal)
        # Each episode was reviewed by one run that is on record, and the runs read as many as there are.
        reports = list(wire.pages(client.ListReports, "reports", user=user))
        runs = {report.run_id: report for report in reports}
        test.assertEqual(len(runs), len(reports))
        stored = list(wire.pages(client.ListEpisodes, "episodes", user=user, page_size=500))
        test.assertEqual(sorted(x.episode.id for x in stored), sorted(x.id for x in self.episodes))
        reviewed = {run: 0 for run in runs}
        for each in stored:
            reviewed[each.reviewed_by] += 1
        test.assertEqual(reviewed, {run: report.sampled for run, report in runs.items()})
        # Each task has ended well, with one run of its own.
        tasks = list(wire.pages(client.ListTasks, "tasks", user=user))
        test.assertEqual({task.state for task in tasks}, {wire.consolidation.TASK_STATE_DONE})
        test.assertEqual(sorted(task.id for task in tasks), sorted(report.task_id for report in reports))
        return tasks


def memories():
    """One that was written for the demo, at the default limit, and two made-up ones of three runs each."""
    return [
        Memory("sample", sample_memory(), 0),
        Memory("talk-51", conversation(seed=51, count=150), 50),
        Memory("talk-52", conversation(seed=52, count=120), 40),
    ]


class AnyOf:
    """Calls a daemon that answers: each call goes to the next one, and on to the others for as long as it has to.

    What is called must be safe to repeat. Any thread.
    """

    def __init__(self, daemons, timeout=20):
        self._daemons, self._timeout = list(daemons), timeout
        self._turn = itertools.count()
        self._lock = threading.Lock()
        self._clients = {}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for client in self._clients.values():
            client.__exit__()

    def _client(self, address):
        with self._lock:
            if address not in self._clients:
                self._clients[address] = wire.Client(address, self._timeout)
            return self._clients[address]

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def call(**fields):
            first = next(self._turn)

            def attempt():
                for number in range(len(self._daemons)):
                    address = self._daemons[(first + number) % len(self._daemons)].address
                    try:
                        return [getattr(self._client(address), name)(**fields)]
                    except grpc.RpcError as error:
                        if error.code() not in RETRIED:
                            raise
                return None

            return daemon.eventually(attempt, f"an answer to {name}")[0]

        return call
