// Runs the bundled specs in Jasmine and prints one JSON object: the counts, and every spec that failed with its messages.
//   node run.mjs BUNDLE
import { pathToFileURL } from 'node:url';
import Jasmine from 'jasmine';

const runner = new Jasmine();
runner.exitOnCompletion = false;
runner.clearReporters();
runner.env.configure({ random: false });
// The specs provoke warnings; standard output is for the JSON.
for (const name of ['log', 'warn', 'error', 'info', 'debug']) console[name] = () => {};
const counts = { passed: 0, failed: 0, pending: 0 };
const failures = [];
runner.addReporter({
  specDone: ({ status, fullName, failedExpectations }) => {
    counts[status]++;
    if (status === 'failed')
      failures.push({ name: fullName, messages: failedExpectations.map(({ message }) => message) });
  },
});
const { liveTensors, registered, known } = await import(pathToFileURL(process.argv[2]).href);
await runner.execute();
process.stdout.write(JSON.stringify({ counts, failures, registered, known, live: liveTensors() }), () =>
  process.exit(0),
);
