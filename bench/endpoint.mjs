// What 10,000 values of a language model take with 256 requests in flight: memory of the process that asks, and seconds.
//   npm run build && node bench/endpoint.mjs [--calls 10000] [--in-flight 256] [--words 500]
// The server that stands in for a model is another process, so that its memory is not counted.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';

const { values: given } = parseArgs({
  options: {
    calls: { type: 'string', default: '10000' },
    'in-flight': { type: 'string', default: '256' },
    words: { type: 'string', default: '500' },
    asks: { type: 'string' },
  },
});

if (given.asks !== undefined) await work(given.asks);
else {
  const { openStandIn } = await import('../dist/endpoint/stand-in/stand-in.js');
  const { written } = await import('../dist/endpoint/stand-in/writing.js');
  const text = JSON.stringify({ text: 'word '.repeat(Number(given.words)) });
  const server = await openStandIn(
    written(() => text),
    { delay: 20, remember: false },
  );
  const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--asks', server.url]);
  child.on('exit', (code) => {
    console.log(`${server.requests()} requests, ${server.mostAtOnce()} at once at the most`);
    void server.close();
    process.exitCode = code;
  });
}

async function work(url) {
  const [{ Endpoint }, { askFor }, { endpoint: schema }, { allEnded }] = await Promise.all([
    import('../dist/endpoint/endpoint.js'),
    import('../dist/endpoint/structured.js'),
    import('../dist/plan/endpoint.js'),
    import('../dist/endpoint/all-ended.js'),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'reasontune-bench-'));
  const plan = schema.parse({ url, model: 'm', concurrency: Number(given['in-flight']) });
  const wanted = z.strictObject({ text: z.string() });
  const document = 'word '.repeat(Number(given.words));
  for (const time of ['first', 'second']) {
    const endpoint = new Endpoint(plan, { folder: join(folder, 'answers'), run: folder });
    const begun = performance.now();
    await allEnded(
      Array.from({ length: Number(given.calls) }, async (_, i) => {
        const messages = [{ role: 'user', content: `${i} ${document}` }];
        await askFor(endpoint, { messages, schema: wanted, longest: 4000 });
      }),
    );
    endpoint.close();
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    const most = (process.resourceUsage().maxRSS / 1024).toFixed(0);
    const { requests, cached } = endpoint.spent;
    console.log(
      `${time} run: ${requests} requests, ${cached} from the cache, ${seconds} s; ${most} MiB at the most so far`,
    );
  }
  rmSync(folder, { recursive: true });
  process.exit();
}
