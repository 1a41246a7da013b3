import { parse } from 'yaml';
import { z } from 'zod';
import { oneLine } from '../../plan/document.js';
import { Fault, reasonOf } from '../../plan/fault.js';
import { didYouMean } from '../../plan/nearest.js';
import { formatOf } from './rows.js';

const patterns = z.union([z.string(), z.array(z.string())]).transform((given) => [given].flat());
const splits = z
  .union([
    patterns.transform((path) => [{ split: 'train', path }]),
    z.array(z.object({ split: z.string(), path: patterns })),
  ])
  .optional();
const card = z.object({
  configs: z
    .array(
      z.object({
        config_name: z.string(),
        data_dir: z.string().default(''),
        data_files: splits,
        default: z.boolean().optional(),
      }),
    )
    .default([]),
});

/** Which part of a data set: a configuration (`vl`) and a split (`train`); null for the only one, and for all splits. */
export interface Part {
  readonly config: string | null;
  readonly split: string | null;
}

/**
 * The files of a part, in order: as the `configs` of the data set's README say, else by folder and file names
 * (`<config>/<split>-00000-of-00003.parquet`), the way Hugging Face's `datasets` finds them.
 *
 * @param paths all files, relative, with `/`
 * @param readme the data set's README.md, or null
 * @throws Fault a config or a split that is not there, with those that are
 */
export function dataFiles(
  paths: readonly string[],
  readme: string | null,
  part: Part,
  name: string,
): readonly string[] {
  const records = paths
    .filter((path) => formatOf(path) !== null && !/(^|\/)(\.|dataset_infos?\.json$)/.test(path))
    .sort();
  const configs = readme === null ? [] : configsOf(readme, name);
  if (configs.length === 0) return byName(records, part, name);
  const names = configs.map(({ config_name }) => config_name);
  const wanted =
    part.config ?? (configs.find((c) => c.default) ?? (configs.length === 1 ? configs[0] : undefined))?.config_name;
  const config = configs.find(({ config_name }) => config_name === (wanted ?? 'default'));
  if (!config) throw missing('config', name, part.config, names);
  const folder = config.data_dir === '' ? '' : `${config.data_dir.replace(/\/+$/, '')}/`;
  if (!config.data_files) {
    return byName(
      records.filter((path) => path.startsWith(folder)),
      { ...part, config: null },
      name,
    );
  }
  const chosen = config.data_files.filter(({ split }) => part.split === null || split === part.split);
  if (chosen.length === 0)
    throw missing(
      'split',
      name,
      part.split,
      config.data_files.map(({ split }) => split),
    );
  const files = chosen.flatMap(({ path }) =>
    path.flatMap((pattern) => records.filter((record) => glob(folder + pattern).test(record))),
  );
  return someOf([...new Set(files)], name, `matches ${chosen.flatMap(({ path }) => path).join(', ')}`);
}

function configsOf(readme: string, name: string) {
  const front = /^\uFEFF?---\r?\n(.*?)\r?\n---/s.exec(readme)?.[1];
  if (front === undefined) return [];
  try {
    return card.parse(parse(front, { logLevel: 'error' }) ?? {}).configs;
  } catch (error) {
    const reason = reasonOf(error).replaceAll(/\s+/g, ' ').slice(0, 120);
    throw new Fault(
      `Expected configs in the README.md of ${name}, got one that cannot be read (${reason}). Name a file.`,
    );
  }
}

function byName(records: readonly string[], { config, split }: Part, name: string): readonly string[] {
  const within = config === null ? records : records.filter((path) => `/${path}`.includes(`/${config}/`));
  if (within.length === 0) {
    const folders = [...new Set(records.flatMap((path) => path.split('/').slice(0, -1)))];
    throw config === null ? missing('file', name, null, []) : missing('config', name, config, folders);
  }
  const splitsOf = (path: string): string[] => path.split(/[/._-]+/);
  const named = within.filter((path) => split !== null && splitsOf(path).includes(split));
  if (split === null || named.length > 0) return split === null ? within : named;
  // A data set without any split in its names is all for training.
  const known = ['train', 'test', 'validation', 'valid', 'val', 'dev'].filter((word) =>
    within.some((path) => splitsOf(path).includes(word)),
  );
  if (split === 'train' && known.length === 0) return within;
  throw missing('split', name, split, known);
}

function someOf(files: string[], name: string, what: string): string[] {
  if (files.length > 0) return files;
  throw new Fault(oneLine(`Expected data files in ${name}, got none that ${what}. Check the data set's own page.`));
}

function missing(what: string, name: string, got: string | null, known: readonly string[]): Fault {
  const list = [...new Set(known)].sort();
  const choice = list.length > 0 ? `Choose one of: ${list.join(', ')}.` : 'Name a .jsonl, .parquet or .arrow file.';
  const got_ = got === null ? 'none' : `"${got}"`;
  const advice = got === null ? '' : didYouMean(got, list);
  return new Fault(oneLine(`Expected a ${what} of ${name}, got ${got_}. ${choice}${advice}`));
}

/** A glob as a regular expression: `**` any folders, `*` and `?` within one, `[0-9]`, `{a,b}`. */
function glob(pattern: string): RegExp {
  const source = pattern
    .replace(/^\.\//, '')
    .replaceAll(/[.+^$()|\\]/g, '\\$&')
    .replaceAll(/\{([^{}]*)\}/g, (_, list: string) => `(?:${list.replaceAll(',', '|')})`)
    .replaceAll(
      /\*\*\/|\*\*|\*|\?/g,
      (wild) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' })[wild] ?? '',
    );
  try {
    return new RegExp(`^${source}$`);
  } catch {
    return /(?!)/;
  }
}
