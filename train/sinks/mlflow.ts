import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import type { OpenSink } from './sink.js';

const experiment = '0';

/**
 * MLflow's file store (mlflow/store/tracking/file_store.py in mlflow 3.17), for `mlflow ui --backend-store-uri FOLDER`: one
 * experiment with one run; a file a metric, a line a value: milliseconds, value, step.
 */
export const mlflow: OpenSink = (folder, { name, hash, settings, began }) => {
  rmSync(folder, { recursive: true, force: true });
  const id = hash.padEnd(32, '0');
  const run = join(folder, experiment, id);
  const uri = (path: string): string => pathToFileURL(resolve(path)).href;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  const started = Math.floor(began * 1000);
  const state = (status: number, end: number | null): void =>
    write(
      join(run, 'meta.yaml'),
      stringify({
        artifact_uri: uri(join(run, 'artifacts')),
        end_time: end,
        entry_point_name: '',
        experiment_id: experiment,
        lifecycle_stage: 'active',
        run_id: id,
        run_name: name,
        source_name: '',
        source_type: 4,
        source_version: '',
        start_time: started,
        status,
        tags: [],
        user_id: '',
      }),
    );
  write(
    join(folder, experiment, 'meta.yaml'),
    stringify({
      artifact_location: uri(join(folder, experiment)),
      creation_time: started,
      experiment_id: experiment,
      last_update_time: started,
      lifecycle_stage: 'active',
      name: 'reasontune',
    }),
  );
  const [running, finished] = [1, 3];
  state(running, null);
  for (const part of ['artifacts', 'metrics', 'params', 'tags']) mkdirSync(join(run, part), { recursive: true });
  write(join(run, 'tags', 'mlflow.runName'), name);
  for (const [key, value] of Object.entries(settings)) write(join(run, 'params', plainName(key)), String(value));
  return {
    add: ({ step, time, values }) => {
      for (const [metric, value] of Object.entries(values)) {
        const file = join(run, 'metrics', ...metric.split('/').map(plainName));
        mkdirSync(dirname(file), { recursive: true });
        appendFileSync(file, `${Math.floor(time * 1000)} ${value} ${step}\n`);
      }
    },
    close: () => state(finished, Date.now()),
  };
};

/** MLflow allows letters, digits, "_", "-", ".", " " and ":" in a name; none may lead out of the folder. */
function plainName(name: string): string {
  return name
    .replace('@', '_at_')
    .replace(/[^\w\-.: ]/g, '_')
    .replace(/^\.+/, '_');
}
