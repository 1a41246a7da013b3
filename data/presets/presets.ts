import { Fault } from '../../plan/fault.js';
import { didYouMean } from '../../plan/nearest.js';

// BRIGHT (Su et al. 2024) and BEIR (Thakur et al. 2021) as MTEB pins them on the hub, and their authors' protocols.

/** A published test set. */
export interface Preset {
  /** `bright:biology` */
  readonly name: string;
  readonly layout: 'bright' | 'bright-long' | 'beir';
  /** Its data set on the hub, and the commit that is read. */
  readonly hub: string;
  readonly revision: string;
  /** BRIGHT: the task; BEIR: the split of the judgements. */
  readonly part: string;
  /** What its authors report. */
  readonly metrics: readonly string[];
}

const brightLong = [
  'biology',
  'earth_science',
  'economics',
  'psychology',
  'robotics',
  'stackoverflow',
  'sustainable_living',
  'pony',
];
const bright = [...brightLong, 'leetcode', 'aops', 'theoremqa_theorems', 'theoremqa_questions'];

const beir: Readonly<Record<string, string>> = {
  arguana: 'c22ab2a51041ffd869aaddef7af8d8215647e41a',
  'climate-fever': '47f2ac6acb640fc46020b02a5b59fdda04d39380',
  dbpedia: 'c0f706b76e590d620bd6618b3ca8efdd34e2d659',
  fever: 'bea83ef9e8fb933d90a2f1d5515737465d613e12',
  fiqa: '27a168819829fe9bcd655c2df245fb19452e8e06',
  hotpotqa: 'ab518f4d6fcca38d87c25209f94beba119d02014',
  msmarco: 'c5a29a104738b98a9e76336939199e264163d4a0',
  nfcorpus: 'ec0fa4fe99da2ff19ca1214b7966684033a58814',
  nq: 'b774495ed302d8c44a3a7ea25c90dbce03968f31',
  quora: 'e4e08e0b7dbe3c8700f0daef558ff32256715259',
  scidocs: 'f8c2fcf00f625baaa80f62ec5bd9e1fff3b8ae88',
  scifact: '0228b52cf27578f30900b9e5271d331663a030d7',
  touche2020: 'a34f9a33db75fa0cbb21bb5cfc3dae8dc8bec93f',
  'trec-covid': 'bb9466bac8153a0349341eb1b22e06409e78ef4e',
};

/** Configs of BRIGHT in which a language model has put each query in the words of its reasoning. */
const brightRewrites = ['gpt4_reason', 'claude-3-opus_reason', 'Gemini-1.0_reason', 'llama3-70b_reason', 'grit_reason'];

/** CQADupStack (Hoogeveen et al. 2015), of which BEIR reports the mean over its forums; one data set each. */
const forums: Readonly<Record<string, string>> = {
  android: 'f46a197baaae43b4f621051089b82a364682dfeb',
  english: 'ad9991cb51e31e31e430383c75ffb2885547b5f0',
  gaming: '4885aa143210c98657558c04aaf3dc47cfb54340',
  gis: '5003b3064772da1887988e05400cf3806fe491f2',
  mathematica: '90fceea13679c63fe563ded68f3b6f06e50061de',
  physics: '79531abbd1fb92d06c6d6315a0cbbbf5bb247ea4',
  programmers: '6184bc1440d2dbc7612be22b50686b8826d22b32',
  stats: '65ac3a16b8e91f9cee4c9828cc7c335575432a2a',
  tex: '46989137a86843e03a6195de44b09deda022eec7',
  unix: '6c6430d3a6d36f8d2a829195bc5dc94d7e063e53',
  webmasters: '160c094312a0e1facb97e55eeddb698c0abe3571',
  wordpress: '4ffe81d471b1924886b33c7567bfb200e9eec5c4',
};
const cqadupstack = 'beir:cqadupstack';

function brightPreset(layout: 'bright' | 'bright-long', part: string): Preset {
  const [hub, revision] = ['xlangai/BRIGHT', 'a75a0eb483f6a5233a6efc2d63d71540a4443dfb'];
  const metrics = layout === 'bright' ? ['nDCG@10'] : ['R@1', 'nDCG@10'];
  return { name: `${layout}:${part}`, layout, hub, revision, part, metrics };
}

function beirPreset(name: string, revision: string): Preset {
  // MS MARCO's test judgements are TREC's; BEIR reports its dev split.
  const part = name === 'msmarco' ? 'dev' : 'test';
  return { name: `beir:${name}`, layout: 'beir', hub: `mteb/${name}`, revision, part, metrics: ['nDCG@10', 'R@100'] };
}

const forumPresets = Object.entries(forums).map(([forum, revision]) => beirPreset(`cqadupstack-${forum}`, revision));

const presets: readonly Preset[] = [
  ...bright.map((task) => brightPreset('bright', task)),
  ...brightLong.map((task) => brightPreset('bright-long', task)),
  ...Object.entries(beir).map(([name, revision]) => beirPreset(name, revision)),
  ...forumPresets,
];

/** A benchmark that is reported as the mean over its parts; a part of several sets counts as their mean. */
export interface Benchmark {
  readonly name: string;
  /** Names of presets. */
  readonly parts: readonly (readonly string[])[];
}

const [ofBright, ofBrightLong, ofForums] = [
  bright.map((task) => [`bright:${task}`]),
  brightLong.map((task) => [`bright-long:${task}`]),
  forumPresets.map(({ name }) => [name]),
];

export const benchmarks: readonly Benchmark[] = [
  { name: 'bright', parts: ofBright },
  { name: 'bright-long', parts: ofBrightLong },
  { name: cqadupstack, parts: ofForums },
  { name: 'beir', parts: [...Object.keys(beir).map((name) => [`beir:${name}`]), ofForums.flat()] },
];

/** Whether a set is named as a preset: `bright:…`, `bright-long:…` or `beir:…`. */
export function isPreset(set: string): boolean {
  return /^(bright|bright-long|beir):/.test(set);
}

/**
 * The presets that a name stands for: one, with `all` behind the colon all of that benchmark, or CQADupStack's twelve.
 *
 * @throws Fault
 */
export function presetsOf(name: string): readonly Preset[] {
  const [benchmark] = name.split(':');
  const family = presets.filter((preset) => preset.layout === benchmark);
  if (name === cqadupstack) return forumPresets;
  const found = name === `${benchmark}:all` ? family : family.filter((preset) => preset.name === name);
  if (found.length > 0) return found;
  const names = [...family.map((preset) => preset.name), ...(benchmark === 'beir' ? [cqadupstack] : [])];
  throw new Fault(
    `Expected a preset of ${benchmark}, got ${name}. Choose ${benchmark}:all or one of: ${names.join(', ')}.${didYouMean(name, names)}`,
  );
}

/** BRIGHT's config of rewritten queries that `bright:gpt4_reason` and the like name. @throws Fault where there is none */
export function brightRewriteOf(name: string): string {
  const names = brightRewrites.map((config) => `bright:${config}`);
  if (names.includes(name)) return name.slice('bright:'.length);
  throw new Fault(
    `Expected BRIGHT's rewrites, got ${name}. Choose one of: ${names.join(', ')}.${didYouMean(name, names)}`,
  );
}
