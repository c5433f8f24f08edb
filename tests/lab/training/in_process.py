"""Students' code trained without a process of its own, and the runs it is held against."""

from dataclasses import replace

import numpy as np

from core.objective import Objective
from core.trainer import Trainer
from data.dataset import Part
from lab.check.worker.recognise import recognised
from presets.build import build
from tests.lab.check import in_process


class WorkerInProcess(in_process.InProcess):
    """Answers as lab.check.process.Worker does."""

    def __init__(self, *arguments, **keywords):
        super().__init__()
        self.alive, self.died, self.path = True, False, None

    def ask(self, do, arrays=None, **head):
        if do == "load":
            self.session.namespace = in_process.imported(self.path)
            return {"targets": [{"name": f.name} for f in recognised(self.session.namespace)], "notes": []}, {}
        reply, found = super().ask(do, arrays, **head)
        return {**reply, "files": [str(self.path)]} if do == "train" else reply, found

    ask_unwatched = ask

    def prints(self):
        return ""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.alive = False


def reference(preset, dataset):
    """Gradlab's own network, trained in float64."""
    parts = {name: Part(part.x.astype(np.float64), part.y) for name, part in dataset.parts.items()}
    like = build(preset, replace(dataset, **parts))
    objective = Objective(like.network.astype(np.float64), preset.loss.lambda_)
    return Trainer(
        objective, like.batches, like.optimiser, like.schedule, like.updates, like.evaluate_every, like.monitored
    )


def losses(trainer):
    """(update, train loss, validation loss, validation accuracy) of every evaluation."""
    return [
        (s.update, s.evaluations["train"].loss, s.evaluations["validation"].loss, s.evaluations["validation"].accuracy)
        for s in trainer.run()
        if s.evaluations
    ]
