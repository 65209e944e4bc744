import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { BrowserWorld, needChromium } from '../../support/browser.ts';

const PAGE = `
  import { createElement as h, StrictMode, Component } from 'react';
  import { createRoot } from 'react-dom/client';
  import { createGraph, keys } from './lib/index.js';
  import { GraphProvider, useGraph, useNode, useSet, useStatus } from './adapters/doors/react.js';

  globalThis.graph = createGraph();
  globalThis.renders = { name: 0, item: 0 };
  const Name = ({ soul }) => {
    renders.name += 1;
    const { value, loading, found } = useNode(useGraph().get(soul).get('name'));
    return h('p', { id: 'name' }, loading ? 'loading' : found ? value : 'nobody');
  };
  const List = ({ prefix }) => {
    const { value, loading } = useSet(useGraph().get('todos'), prefix && keys().prefix(prefix));
    const items = loading ? [] : [...value].map(([id, { title }]) => h('li', { key: id }, title));
    return h('ul', { id: 'list' }, items);
  };
  const Status = () => h('p', { id: 'status' }, useStatus().connection + ' ' + useStatus().unsent);
  class Fence extends Component {
    state = {};
    static getDerivedStateFromError(error) { return { error }; }
    render() { return this.state.error ? h('p', { id: 'error' }, this.state.error.code) : this.props.children; }
  }
  const root = createRoot(document.body.appendChild(document.createElement('div')));
  globalThis.show = (soul, prefix) => root.render(
    h(StrictMode, null, h(GraphProvider, { graph }, h(Name, { soul }), h(List, { prefix }), h(Status))),
  );
  globalThis.showWithout = () => root.render(h(Fence, null, h(Name, { soul: 'x' })));
  globalThis.showNothing = () => root.render(null);
`;

describe('thicket/react in Chromium', function () {
  this.timeout(60_000);
  let world: BrowserWorld;
  let page: Page;

  before(async function () {
    needChromium(this);
    world = await BrowserWorld.start(PAGE);
  });

  after(async () => {
    await world?.close();
  });

  beforeEach(async () => {
    page = await world.page();
  });

  afterEach(async () => {
    await page.close();
    expect(world.errors).to.deep.equal([]);
  });

  /** Waits until an element shows a text. */
  async function shows(id: string, text: string): Promise<void> {
    await page.waitForFunction(
      `document.getElementById(${JSON.stringify(id)})?.textContent === ${JSON.stringify(text)}`,
      undefined,
      { timeout: 10_000 },
    );
  }

  it('shows what is at a place, that nothing is, and each change', async () => {
    await page.evaluate("show('mark')");
    await shows('name', 'nobody');
    await page.evaluate("graph.get('mark').put({ name: 'Mark' })");
    await shows('name', 'Mark');
    await page.evaluate("graph.get('ann').put({ name: 'Ann' }).then(() => show('ann'))");
    await shows('name', 'Ann');
  });

  it('shows the members of a set, all or some, without duplicates', async () => {
    await page.evaluate("show('mark')");
    await page.evaluate("graph.get('todos').set({ title: 'milk' }, { id: 'a1' })");
    await page.evaluate("graph.get('todos').set({ title: 'bread' }, { id: 'b1' })");
    await shows('list', 'milkbread');
    await page.evaluate("graph.get('todos').get('a1').put({ title: 'oat milk' })");
    await shows('list', 'oat milkbread');
    await page.evaluate("show('mark', 'b')");
    await shows('list', 'bread');
    await page.evaluate("graph.get('todos').unset('b1')");
    await shows('list', '');
  });

  it('draws only what changed', async () => {
    await page.evaluate("show('mark')");
    await shows('name', 'nobody');
    const before = await page.evaluate('renders.name');
    await page.evaluate("graph.get('todos').set({ title: 'milk' })");
    await shows('list', 'milk');
    expect(await page.evaluate('renders.name')).to.equal(before);
  });

  it('shows the status', async () => {
    await page.evaluate("show('mark')");
    await shows('status', 'alone 0');
  });

  it('listens no longer than components are shown', async () => {
    await page.evaluate("show('mark')");
    await shows('name', 'nobody');
    await page.evaluate('showNothing()');
    await page.waitForFunction("document.getElementById('name') === null");
    await page.evaluate("graph.get('mark').put({ name: 'Mark' })");
    await page.evaluate("show('mark')");
    await shows('name', 'Mark');
  });

  it('says that the provider is missing', async () => {
    await page.evaluate('showWithout()');
    await shows('error', 'OPTION_INVALID');
  });
});
