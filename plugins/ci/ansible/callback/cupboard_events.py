"""Tells what a playbook does as one JSON object a line: plays, tasks, and each host's result with its duration in ms.

Results are told without what a module was given or printed: the console has the output, masked.
"""

import json
import sys
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: cupboard_events
    type: stdout
    short_description: plays, tasks and results as lines of JSON
    description: Read by the runner of the CI plugin.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "cupboard_events"

    def __init__(self):
        super().__init__()
        self.started = {}

    def _tell(self, event, **fields):
        line = {"event": event, "time": int(time.time() * 1000), **fields}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    def v2_playbook_on_play_start(self, play):
        self._tell("play", name=str(play.get_name()).strip())

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.started = {}
        self._tell("task", task=task._uuid, name=str(task.get_name()).strip())

    def v2_runner_on_start(self, host, task):
        self.started[host.get_name()] = time.monotonic()

    def _result(self, kind, result):
        host = result._host.get_name()
        now = time.monotonic()
        duration = round((now - self.started.get(host, now)) * 1000)
        fields = {"task": result._task._uuid, "host": host, "result": kind, "duration": duration}
        if kind in ("failed", "unreachable"):
            fields["message"] = self._message(result._result)
        self._tell("result", **fields)

    @staticmethod
    def _message(result):
        code = result.get("rc")
        return f"exit code {code}" if isinstance(code, int) else str(result.get("msg", ""))

    def v2_runner_on_ok(self, result):
        self._result("changed" if result._result.get("changed") else "ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._result("failed", result)

    def v2_runner_on_unreachable(self, result):
        self._result("unreachable", result)

    def v2_runner_on_skipped(self, result):
        self._result("skipped", result)
