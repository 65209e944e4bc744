import { expect } from 'chai';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { Client } from './client.ts';
import { randomSource } from './message-id.ts';
import type { NodeOnWire } from './messages.ts';
import { isRecord, soulOf } from './records.ts';
import { contentOf, drawFrom, update } from './updates.ts';

const DRAWS = 20_000;

function drawMany(hotPercent: number): number[] {
  const draw = drawFrom({ among: 10_000, hot: 100, hotPercent }, randomSource(7));
  return Array.from({ length: DRAWS }, draw);
}

function isHot(record: number): boolean {
  return record % 100 === 0;
}

/** A server that acks every put and keeps what it was sent last. */
async function startAcking(): Promise<{ server: WebSocketServer; url: string; nodes: NodeOnWire[] }> {
  const nodes: NodeOnWire[] = [];
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) =>
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { '#': string; put: Record<string, NodeOnWire> };
      nodes.push(...Object.values(message.put));
      socket.send(JSON.stringify({ '@': message['#'], ok: 1 }));
    }),
  );
  await once(server, 'listening');
  return { server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, nodes };
}

describe('updates of the bench', () => {
  it('draws as many from the small set as asked for, spread over all records', () => {
    const hot = drawMany(90).filter(isHot);
    expect(hot.length / DRAWS).to.be.closeTo(0.9 + 0.1 / 100, 0.01);
    expect(new Set(hot).size).to.equal(100);
  });

  it('draws from all records alike without a small set', () => {
    const records = drawMany(0);
    expect(records.filter((record) => record < 5000).length / DRAWS).to.be.closeTo(0.5, 0.02);
    expect(Math.min(...records)).to.be.at.least(0);
    expect(Math.max(...records)).to.be.below(10_000);
  });

  it('gives each update a later state than the one before and knows what each record holds at the end', async () => {
    const { server, url, nodes } = await startAcking();
    const client = await Client.open(url);
    const shape = { group: 'writers', among: 10, hot: 5, hotPercent: 50, order: 'rising' } as const;
    const plan = { count: 40, seconds: 5, window: 4, patienceMs: 5000 } as const;
    const result = await update([client], { ...shape, ...plan });
    client.close();
    for (const socket of server.clients) socket.terminate();
    server.close();
    expect(result).to.include({ sent: 40, answered: 40, wrong: 0 });
    for (let record = 0; record < 10; record += 1) {
      const ours = nodes.filter((node) => node._['#'] === soulOf(record, 'rising'));
      const states = ours.map((node) => node._['>']['rank']!);
      expect(states).to.deep.equal([...new Set(states)].toSorted((left, right) => left - right));
      if (ours.length > 0) expect(isRecord(ours.at(-1)!, contentOf(record))).to.equal(true);
    }
  });

  it('expects the own values of a record that was not updated', () => {
    expect(contentOf(12)).to.equal(12);
  });
});
