#!/usr/bin/env python3
"""The system layer: stories on the real binary, in both shapes with the same assertions. Words choose scenarios: run.py split"""
import functools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.instance import Instance  # noqa: E402
from support.layer import run_layer  # noqa: E402
from system import boundaries, certificates, database_tls, edges, galera, ground, image, lifecycle, monitoring, notices, one_script, outboxes, phones, photos, process_certificates, shell, wrong_settings  # noqa: E402
from system.story import Story, check_outcome, set_up_city  # noqa: E402


def main_job(shape):
    with Instance(shape) as instance:
        set_up_city(instance)
        story = Story(instance)
        for step in Story.STEPS:
            step(story)
        check_outcome(instance, story)
        shell.check_all(instance, story)
        edges.check_all(instance, story)


SCENARIOS = [(f"main job and wrong input, {shape}", functools.partial(main_job, shape)) for shape in ("all", "split")]
SCENARIOS += [("metrics, dashboard and alerts", monitoring.watched)]
SCENARIOS += notices.SCENARIOS + one_script.SCENARIOS + ground.SCENARIOS + boundaries.SCENARIOS
SCENARIOS += image.SCENARIOS + phones.SCENARIOS + outboxes.SCENARIOS + photos.SCENARIOS + certificates.SCENARIOS + process_certificates.SCENARIOS + database_tls.SCENARIOS + galera.SCENARIOS + lifecycle.SCENARIOS + wrong_settings.SCENARIOS

if __name__ == "__main__":
    sys.exit(run_layer(SCENARIOS, sys.argv[1:]))
