// The todo list of the example page in a terminal: node examples/watch.js [URL of the relay] [new item]
import { createGraph } from 'thicket';
import { websocket } from 'thicket/adapters/websocket-link';

const [url = 'http://localhost:8765/gun', title] = process.argv.slice(2);
const graph = createGraph({ peers: [websocket(url)] });
const todos = graph.get('example/todos');

if (title !== undefined) await todos.set({ title, done: false }, { until: 'relay' });

todos.map().each((todo, id) => {
  console.log(todo === undefined ? `removed ${id}` : `${todo.done ? '[x]' : '[ ]'} ${todo.title}`);
});
