// A todo list: kept in this browser, shared through the relay that serves the page, between tabs and with others.
import { createGraph, stored } from 'thicket';
import { IndexedDbStorage } from 'thicket/adapters/indexed-db';
import { websocket } from 'thicket/adapters/websocket-link';

const graph = createGraph({
  storage: stored(new IndexedDbStorage({ name: 'todo', tabs: true })),
  peers: [websocket(`${location.origin}/gun`)],
});
const todos = graph.get('example/todos');

const form = document.querySelector('form');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const title = form.elements.title.value;
  form.reset();
  await todos.set({ title, done: false });
});

todos.map().on(({ value }) => {
  const items = [...value].map(([id, todo]) => itemOf(id, todo));
  document.querySelector('#items').replaceChildren(...items);
});

graph.on('status', showStatus);
showStatus(graph.status);

function itemOf(id, { title, done }) {
  const item = document.createElement('li');
  const box = document.createElement('input');
  box.type = 'checkbox';
  box.checked = done === true;
  box.addEventListener('change', () => todos.get(id).put({ done: box.checked }));
  const text = document.createElement('span');
  text.textContent = ` ${title} `;
  text.className = done ? 'done' : '';
  const remove = document.createElement('button');
  remove.textContent = 'Remove';
  remove.addEventListener('click', () => todos.unset(id));
  item.append(box, text, remove);
  return item;
}

function showStatus({ connection, unsent }) {
  const waiting = unsent === 0 ? '' : `, ${unsent} not sent yet`;
  document.querySelector('#status').textContent = `${connection}${waiting}`;
}
