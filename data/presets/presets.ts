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

function brightPreset(layout: 'bright' | 'bright-long', part: string): Preset {
  const [hub, revision] = ['xlangai/BRIGHT', 'a75a0eb483f6a5233a6efc2d63d71540a4443dfb'];
  const metrics = layout === 'bright' ? ['nDCG@10'] : ['R@1', 'nDCG@10'];
  return { name: `${layout}:${part}`, layout, hub, revision, part, metrics };
}

const presets: readonly Preset[] = [
  ...bright.map((task) => brightPreset('bright', task)),
  ...brightLong.map((task) => brightPreset('bright-long', task)),
  ...Object.entries(beir).map(
    ([name, revision]): Preset => ({
      name: `beir:${name}`,
      layout: 'beir',
      hub: `mteb/${name}`,
      revision,
      // MS MARCO's test judgements are TREC's; BEIR reports its dev split.
      part: name === 'msmarco' ? 'dev' : 'test',
      metrics: ['nDCG@10', 'R@100'],
    }),
  ),
];

/** Whether a set is named as a preset: `bright:…`, `bright-long:…` or `beir:…`. */
export function isPreset(set: string): boolean {
  return /^(bright|bright-long|beir):/.test(set);
}

/** The presets that a name stands for: one, or, with `all` behind the colon, all of that benchmark. @throws Fault */
export function presetsOf(name: string): readonly Preset[] {
  const [benchmark] = name.split(':');
  const family = presets.filter((preset) => preset.layout === benchmark);
  const found = name === `${benchmark}:all` ? family : family.filter((preset) => preset.name === name);
  if (found.length > 0) return found;
  const names = family.map((preset) => preset.name);
  throw new Fault(
    `Expected a preset of ${benchmark}, got ${name}. Choose ${benchmark}:all or one of: ${names.join(', ')}.${didYouMean(name, names)}`,
  );
}
