"""Reads what the sinks wrote with the tools themselves, and prints {tag: [[step, value], ...]} as JSON.

    python read.py tensorboard|mlflow|wandb FOLDER
"""

import glob
import json
import os
import sys

tool, folder = sys.argv[1:]
found = {}
if tool == "tensorboard":
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(folder, size_guidance={"scalars": 0})
    events.Reload()
    for tag in events.Tags()["scalars"]:
        found[tag] = [[point.step, point.value] for point in events.Scalars(tag)]
elif tool == "mlflow":
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=folder)
    (run,) = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert run.info.status == "FINISHED", run.info.status
    for tag in run.data.metrics:
        found[tag] = [[point.step, point.value] for point in client.get_metric_history(run.info.run_id, tag)]
    found["name"] = run.info.run_name
    found["seed"] = run.data.params["seed"]
elif tool == "wandb":
    import struct
    import zlib

    from wandb.proto import wandb_internal_pb2 as messages

    # wandb's reader of its log is written in Go; this follows wandb/sdk/internal/datastore.py of earlier versions.
    (path,) = glob.glob(os.path.join(folder, "offline-run-*", "run-*.wandb"))
    log = open(path, "rb").read()
    assert log[:7] == b":W&B\xe1\xbe\x00"
    at, data = 7, b""
    while at < len(log):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        checksum, length, kind = struct.unpack("<IHB", log[at : at + 7])
        part = log[at + 7 : at + 7 + length]
        assert checksum == zlib.crc32(bytes([kind]) + part), at
        assert kind in (1, 2) or data, "a part without its beginning"
        data += part
        at += 7 + length
        if kind not in (1, 4):
            continue
        record = messages.Record()
        record.ParseFromString(data)
        data = b""
        if record.HasField("run"):
            found["name"] = record.run.display_name
            found["seed"] = next(i.value_json for i in record.run.config.update if i.key == "seed")
        for item in record.history.item:
            found.setdefault(item.nested_key[0], []).append([record.history.step.num, json.loads(item.value_json)])
        if record.HasField("exit"):
            found["exit"] = record.exit.exit_code
print(json.dumps(found))
