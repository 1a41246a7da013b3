import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { patientFetch } from '../../hub/patient-fetch.js';

let server: Server;

async function serve(answer: (response: ServerResponse) => void): Promise<string> {
  server = createServer((_, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const limits = { firstAnswer: 0.3, answer: 10, silence: 0.3 };

describe('patientFetch', () => {
  it('gives up a body that stops coming', async () => {
    const url = await serve((response) => response.writeHead(200, { 'content-length': 10 }).write('half'));
    const response = await patientFetch(limits)(url);
    await expect(response.text()).rejects.toThrow('the answer stopped coming for 0.3 s');
  });

  it('waits for a body that is slow but comes, and keeps status, headers and address', async () => {
    const url = await serve((response) => {
      response.writeHead(206, { 'x-mark': 'yes' });
      let left = 5;
      const timer = setInterval(() => {
        response.write('part ');
        if (--left === 0) {
          clearInterval(timer);
          response.end();
        }
      }, 120);
    });
    const response = await patientFetch(limits)(url);
    expect([response.status, response.headers.get('x-mark'), response.url]).toEqual([206, 'yes', url]);
    expect(await response.text()).toBe('part '.repeat(5));
  });

  it('is short with a server never reached, longer with one that has answered before', async () => {
    let calls = 0;
    const url = await serve((response) => setTimeout(() => response.end('late'), calls++ === 1 ? 600 : 0));
    const fetch = patientFetch(limits);
    expect(await (await fetch(url)).text()).toBe('late');
    expect(await (await fetch(url)).text()).toBe('late');
    const slow = patientFetch({ ...limits, firstAnswer: 0.1 });
    calls = 1;
    await expect(slow(url)).rejects.toThrow('no answer for 0.1 s');
  });
});
