import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
const [mode, url] = process.argv.slice(2);
if (!url) {
  const { openStandIn } = await import('../dist/endpoint/stand-in/stand-in.js');
  const text = JSON.stringify({ text: 'word '.repeat(50) });
  const server = await openStandIn(() => ({ text }), { delay: 20, remember: false });
  const child = fork(fileURLToPath(import.meta.url), [mode, server.url]);
  child.on('exit', () => { server.close(); });
} else {
  const { patientFetch } = await import('../dist/hub/patient-fetch.js');
  const { default: PQueue } = await import('p-queue');
  const { default: OpenAI } = await import('openai');
  const q = new PQueue({ concurrency: 256 });
  const t = { firstAnswer: 120, answer: 120, silence: 120 };
  const f = mode.includes('patient') ? patientFetch(t) : fetch;
  const c = new OpenAI({ baseURL: url, apiKey: 'x', fetch: f, maxRetries: 0, logLevel: 'off' });
  const go = mode.includes('openai')
    ? async (b) => (await c.post('/chat/completions', { body: b }).asResponse()).text()
    : async (b) => (await f(url + '/chat/completions', { method: 'POST', body: JSON.stringify(b) })).text();
  await Promise.all(Array.from({ length: 10000 }, (_, i) => q.add(() => go({ messages: [{ role: 'user', content: `${i} ${'word '.repeat(50)}` }] }))));
  console.log(mode, (process.resourceUsage().maxRSS / 1024).toFixed(0));
  process.exit();
}
