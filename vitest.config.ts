import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // One at a time: libtorch uses every core, and two trainings side by side slow each other down.
    fileParallelism: false,
    pool: 'forks',
    // The tests' models are tiny: a second thread would spend its time waiting for the first, more so on a busy machine.
    env: { OMP_NUM_THREADS: '1' },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: [
        'cli',
        'board',
        'plan',
        'data',
        'retrieval',
        'tensor',
        'encoder',
        'loss',
        'train',
        'eval',
        'report',
        'sweep',
        'synth',
        'native',
        'hub',
        'endpoint',
      ].map((d) => `${d}/**/*.ts`),
      reporter: ['text-summary', 'html'],
    },
  },
});
