// A chat: each message has its time as its key, so that the newest can be asked for alone.
import { createGraph, keys } from 'thicket';
import { websocket } from 'thicket/adapters/websocket-link';

const SHOWN = 100;
const DAY_MS = 24 * 60 * 60 * 1000;

const graph = createGraph({ peers: [websocket(`${location.origin}/gun`)] });
const messages = graph.get('example/chat');
const yesterday = new Date(Date.now() - DAY_MS).toISOString();

const form = document.querySelector('form');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { who, text } = form.elements;
  const message = { who: who.value, text: text.value };
  text.value = '';
  await messages.set(message, { id: `${new Date().toISOString()} ${crypto.randomUUID()}` });
});

messages.map(keys().from(yesterday).backwards()).on(({ value }) => {
  const newest = [...value].toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(-SHOWN);
  document.querySelector('#items').replaceChildren(...newest.map(([id, message]) => lineOf(id, message)));
});

graph.on('status', ({ connection }) => {
  document.querySelector('#status').textContent = connection;
});

function lineOf(id, { who, text }) {
  const line = document.createElement('li');
  const time = new Date(id.split(' ')[0]).toLocaleTimeString();
  line.textContent = `${time} ${who}: ${text}`;
  return line;
}
