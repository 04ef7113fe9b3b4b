import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as core from '../../dist/src/core/index.js'
import { createTypeScriptKernel } from '../../dist/src/wasm/index.js'
import { buildExample } from '../../examples/browser/build.ts'
import { CACHED_QUESTIONS } from '../../examples/browser/page/questions.ts'
import { playPinnedRun } from '../simulation/pins/pinned-runs.ts'
import { BrowserSession, type BrowserTab } from './browser-session.ts'
import { findChromium } from './chromium.ts'
import { startPageServer, type PageServer } from './page-server.ts'

type Shown = {
  readonly question: string
  readonly mark: string
  readonly score: string
  readonly answer: string | null
}

const FOLDER = '/example/'
/** Compressed: script, style, document, kernels, policy. A tenth above what it was when the line was written. */
const FIRST_LOAD_GZIP_MAX = 165_000
const NARROW = { width: 360, height: 740, deviceScaleFactor: 1, mobile: false }
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** What the page defines for tests: waiting is for changes of the document, never for a time. */
const WATCH = `
  globalThis.at = (id) => document.getElementById(id)
  globalThis.until = (holds) => new Promise((resolve) => {
    const look = () => { if (holds()) { observer.disconnect(); resolve() } }
    const observer = new MutationObserver(look)
    observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true })
    look()
  })
  globalThis.hits = () => [...at('hits').children].map((item) => ({
    question: item.querySelector('.question').textContent,
    mark: item.querySelector('.mark').textContent,
    score: item.querySelector('data').value,
    answer: item.querySelector('.answer')?.textContent ?? null,
  }))
  globalThis.rows = (id) => [...at(id).children].map(({ children }) => [...children].map(({ textContent }) => textContent))
  globalThis.reports = []
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => reports.push(violatedDirective + ' ' + blockedURI))`

const chromium = findChromium()
if ('reason' in chromium) console.warn(`The example page is not opened: ${chromium.reason}`)

describe.skipIf('reason' in chromium)('the example page', { timeout: 60_000 }, () => {
  let folder: string
  let files: Record<string, Uint8Array>
  let server: PageServer
  let browser: BrowserSession
  let tab: BrowserTab
  let requests: ReturnType<BrowserTab['gather']>

  const urlOf = (name: string): string => new URL(`${FOLDER}${name}`, server.urlOf('')).href
  const open = async (name: string): Promise<void> => {
    const loaded = tab.event('Page.loadEventFired')
    await tab.ask('Page.navigate', { url: urlOf(name) })
    await loaded
    await tab.run(WATCH)
  }
  const type = async (text: string): Promise<void> => {
    await tab.run(`at('asked').value = ''; at('asked').focus()`)
    await tab.ask('Input.insertText', { text })
  }
  const press = async (key: string, text?: string): Promise<void> => {
    await tab.ask('Input.dispatchKeyEvent', {
      type: 'keyDown',
      key,
      code: key,
      ...(text !== undefined && { text }),
      windowsVirtualKeyCode: key === 'Tab' ? 9 : 13,
    })
    await tab.ask('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key })
  }
  const nearest = async (): Promise<readonly Shown[]> => {
    await tab.run(`await until(() => hits().length > 0)`)
    return (await tab.run(`return hits()`)) as readonly Shown[]
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kernell-example-'))
    const output = await buildExample(join(folder, 'page'))
    const names = await readdir(output)
    const contents = await Promise.all(
      names.map(async (name) => [`${FOLDER}${name}`, await readFile(join(output, name))] as const),
    )
    files = Object.fromEntries(contents)
    server = await startPageServer({}, files)
    browser = await BrowserSession.open('path' in chromium ? chromium.path : '')
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    server.close()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    tab = await browser.openTab('about:blank')
    requests = tab.gather('Network.requestWillBeSent')
    await tab.ask('Network.enable')
    await open('index.html')
  })
  afterEach(async () => await tab.close())

  it('finds the cached question that is meant by what is typed, and shows its answer', async () => {
    await type('capital of norway')
    const [first, second] = await nearest()
    expect(first).toMatchObject({ question: 'What is the capital of Norway?', mark: 'hit', answer: 'Oslo.' })
    expect(second).toMatchObject({ mark: 'miss', answer: null })
    // As near as it gets, and another country.
    await tab.run(`at('threshold').value = 0.3; at('threshold').dispatchEvent(new Event('input'))`)
    expect((await nearest()).map(({ mark }) => mark)).toEqual(['hit', 'miss', 'miss', 'miss', 'miss'])
    expect(await tab.run(`return at('lookup').textContent`)).toMatch(
      /^5 nearest of \d{3} by core\.wasm, \d+\.\d µs a look-up$/,
    )
    await tab.run(
      `at('threshold').value = 1; at('threshold').dispatchEvent(new Event('input')); await until(() => hits().every(({ mark }) => mark === 'miss'))`,
    )
  })

  it('gives no answer that a guard of the cache refuses, and says which', async () => {
    await tab.run(`at('threshold').value = 0.3; at('threshold').dispatchEvent(new Event('input'))`)
    const asked: readonly (readonly [string, string])[] = [
      ['What does HTTP status 499 mean?', 'another number'],
      ['What is the capital of Atlantis?', 'another name'],
      ['How do I not undo the last commit and keep its changes in a terminal?', 'a negation'],
      ['When will my order arrive today?', 'the answer depends on when it is asked'],
      ['When will my order arrive?', 'the answer depends on who asks'],
    ]
    for (const [text, guard] of asked) {
      await type(text)
      const hits = await nearest()
      expect([text, hits.filter(({ mark }) => mark === 'hit')]).toEqual([text, []])
      expect([text, await tab.run(`return document.querySelector('#hits .guard').textContent`)]).toEqual([text, guard])
    }
    await type('how do i undo the last commit and keep its changes')
    expect((await nearest())[0]).toMatchObject({ mark: 'hit', answer: 'git reset --soft HEAD~1' })
  })

  it('gives the same scores by both builds, and those of Node, to the last bit', async () => {
    const kernel = createTypeScriptKernel()
    const hasher = kernel.createTextHasher({
      dims: 256,
      recipe: { seed: 0x6b65726e, charWeights: [0, 0, 0.6], wordWeights: [1, 0.2] },
    })
    const index = kernel.createVectorIndex({ dims: 256, capacityMax: CACHED_QUESTIONS.length })
    for (const [id, { question }] of CACHED_QUESTIONS.entries()) index.add(id, hasher.embed(question))
    for (const text of ['capital of norway', 'żółty 同じ 🚀 gold', 'how do I see the disk space', 'x']) {
      const expected = index
        .search(hasher.embed(text), 5)
        .map(({ id, score }) => `${CACHED_QUESTIONS[id]?.question} ${score}`)
      await type(text)
      for (const build of ['core', 'component']) {
        const name = build === 'core' ? 'core.wasm' : 'the component'
        await tab.run(
          `at('build-${build}').click(); await until(() => at('lookup').textContent.includes('by ${name}'))`,
        )
        expect((await nearest()).map(({ question, score }) => `${question} ${score}`)).toEqual(expected)
      }
      await tab.run(`at('build-core').click()`)
    }
  })

  it('shows what the policy of a node sees and holds likely, as it is in Node', async () => {
    const text = 'Refund $250 to the customer and delete the account permanently.'
    await type(text)
    const { difficulty, domain, features, risk, tokens } = core.createPromptAssessor().assess(text)
    const facts = Object.fromEntries((await tab.run(`return rows('assessment')`)) as [string, string][])
    expect(facts).toMatchObject({
      Domain: domain,
      Tokens: `${tokens}`,
      Risk: expect.stringMatching(new RegExp(`^${risk.risk}: `)) as string,
    })
    expect(facts['Difficulty']).toMatch(`${difficulty} of 5`)
    const percent = (share: number): string => `${(share * 100).toFixed(1)}\u00a0%`
    const [nano] = (await tab.run(`return rows('priors')`)) as string[][]
    const success = core.priorSuccess({ tier: 'local_nano', difficultyMax: 5, specialties: [] }, { difficulty, domain })
    expect(nano?.slice(0, 2)).toEqual(['local_nano', percent(success)])
    await tab.run(`await until(() => rows('trained').length > 0)`)
    const artefact = core.parsePolicyArtefact(Buffer.from(files[`${FOLDER}policy.json`] ?? []).toString())
    const scores = core.createPolicyScorer({ artefact }).score(text).success
    const trained = (await tab.run(`return rows('trained')`)) as string[][]
    expect(trained.map((cells) => cells.slice(0, 2))).toEqual(
      artefact.candidates.map((name, place) => [name, percent(scores[place] ?? 0)]),
    )
    const seen = Object.entries(features)
      .filter(([, value]) => value !== 0)
      .map(([name, value]) => [name, value.toFixed(4)])
    expect(await tab.run(`return rows('features')`)).toEqual(seen)
  })

  it('says why a file is no policy, and keeps the one it has', async () => {
    const path = join(folder, 'bad.json')
    await writeFile(path, '{"kind":"something else"}')
    await tab.run(`await until(() => rows('trained').length === 2)`)
    const { result } = (await tab.ask('Runtime.evaluate', {
      expression: `document.getElementById('policy-file')`,
    })) as { result: { objectId: string } }
    await tab.ask('DOM.setFileInputFiles', { files: [path], objectId: result.objectId })
    await tab.run(`await until(() => at('policy-note').textContent.includes('bad.json'))`)
    expect(await tab.run(`return at('policy-note').textContent`)).toMatch(/^bad\.json cannot be used: ./)
    expect(await tab.run(`return rows('trained').length`)).toBe(2)
  })

  it('starts a failed clerk again, keeps its mailbox, and refuses what has no room', async () => {
    await tab.run(
      `at('send').click(); at('send').click(); await until(() => rows('actors').every(([, waiting]) => waiting !== '0'))`,
    )
    const [busy] = (await tab.run(`return rows('actors')`)) as string[][]
    expect(busy).toMatchObject({ 0: 'clerk-1', 3: '800', 5: '400' })
    await tab.run(`await until(() => rows('actors').every(([, waiting]) => waiting === '0'))`)
    expect(await tab.run(`return rows('actors').map((cells) => cells[4])`)).toEqual(['800', '800', '800'])
    await tab.run(
      `at('crash').click(); at('send').click(); await until(() => rows('actors')[1][6] === '1' && rows('actors').every(([, waiting]) => waiting === '0'))`,
    )
    const clerks = (await tab.run(`return rows('actors').map((cells) => [cells[0], cells[4], cells[6]])`)) as string[][]
    expect(clerks).toEqual([
      ['clerk-1', '1400', '0'],
      ['clerk-2', '600', '1'],
      ['clerk-3', '1400', '0'],
    ])
    expect(await tab.run(`return [...at('supervision').children].map(({ textContent }) => textContent)`)).toEqual([
      'office/clerk-2: actor restarted',
      'office/clerk-2: actor failed: it was told to fail',
    ])
  })

  it('plays a world as Node does', async () => {
    const hash = await playPinnedRun({ scenario: 'agent-network', seed: 2, options: { agents: 40, steps: 10 } })
    await tab.run(`at('seed').value = 2; at('seed').focus()`)
    await press('Enter', '\r')
    await tab.run(`await until(() => rows('simulation').length > 0)`)
    expect(await tab.run(`return at('simulation-status').textContent`)).toBe('The run of this page is that of Node.')
    const facts = Object.fromEntries((await tab.run(`return rows('simulation')`)) as [string, string][])
    expect(facts).toMatchObject({ 'Hash here': hash, 'Hash in Node': hash, 'Violations found': '0' })
  })

  it('says so when a run differs from that of Node, and when Node has not played it', async () => {
    const played = files[`${FOLDER}played.json`] ?? new Uint8Array()
    files[`${FOLDER}played.json`] = Buffer.from(
      Buffer.from(played)
        .toString()
        .replace(/"3":"./, '"3":"x'),
    )
    await tab.run(`at('seed').value = 3; at('play').click(); await until(() => rows('simulation').length > 0)`)
    expect(await tab.run(`return at('simulation-status').textContent`)).toBe(
      'The run of this page differs from that of Node.',
    )
    files[`${FOLDER}played.json`] = played
    await tab.run(
      `at('seed').value = 77; at('play').click(); await until(() => !at('play').disabled && at('simulation-status').textContent.startsWith('Played'))`,
    )
    expect(await tab.run(`return rows('simulation')[1][1]`)).toBe('not played when the page was built')
  })

  it('says what is missing, and tries again with the next letter', async () => {
    const bytes = files[`${FOLDER}core.wasm`] ?? new Uint8Array()
    delete files[`${FOLDER}core.wasm`]
    await tab.ask('Network.setCacheDisabled', { cacheDisabled: true })
    await open('index.html')
    await tab.run(`await until(() => at('lookup').textContent !== '')`)
    expect(await tab.run(`return at('lookup').textContent`)).toBe('core.wasm is not beside the page: 404')
    files[`${FOLDER}core.wasm`] = bytes
    await type('chemical symbol of gold')
    expect((await nearest())[0]?.answer).toBe('Au.')
  })

  it('reads nothing that is typed as markup', async () => {
    await type('<img src=x onerror="document.title=1"> What is the capital of <b>Peru</b>? </script>')
    await nearest()
    expect(
      await tab.run(`return [document.title, document.querySelectorAll('img, b, script:not([src])').length]`),
    ).toEqual(['kernell-os in a page', 0])
  })

  it('is small until something is asked of it: what it loads first is within its budget', async () => {
    await type('x')
    await nearest()
    const names = (await tab.run(
      `return performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)`,
    )) as string[]
    const loaded = [...new Set([`${FOLDER}index.html`, ...names])].filter((name) => files[name] !== undefined)
    expect(loaded).toEqual(expect.arrayContaining([`${FOLDER}main.js`, `${FOLDER}core.wasm`]))
    expect(loaded.filter((name) => /worker|peer/.test(name))).toEqual([])
    const bytes = loaded.reduce((sum, name) => sum + gzipSync(files[name] ?? new Uint8Array()).length, 0)
    expect(bytes).toBeLessThanOrEqual(FIRST_LOAD_GZIP_MAX)
    expect(bytes).toBeGreaterThan(FIRST_LOAD_GZIP_MAX * 0.6)
  })

  it('asks its own origin alone, and breaks no rule of its policy', async () => {
    await type('capital of peru')
    await nearest()
    await tab.run(
      `at('build-component').click(); await until(() => at('lookup').textContent.includes('the component'))`,
    )
    await tab.run(`at('play').click(); await until(() => rows('simulation').length > 0)`)
    const { origin } = new URL(urlOf(''))
    const asked = requests.map(({ params }) => (params as { request: { url: string } }).request.url)
    expect(asked.filter((url) => new URL(url).origin !== origin)).toEqual([])
    expect(asked.map((url) => new URL(url).pathname.replace(FOLDER, ''))).toEqual(
      expect.arrayContaining(['main.js', 'core.wasm', 'policy.json', 'played.json']),
    )
    expect(await tab.run(`return reports`)).toEqual([])
  })

  it.each([
    ['index.html', 'light'],
    ['index.html', 'dark'],
    ['peer.html', 'light'],
    ['peer.html', 'dark'],
  ])('is accessible, and fits a narrow screen: %s, %s', async (name, scheme) => {
    await tab.ask('Emulation.setDeviceMetricsOverride', NARROW)
    await tab.ask('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
    await open(name)
    if (name === 'index.html') {
      await type('capital of peru, and refund $250')
      await nearest()
      await tab.run(
        `at('crash').click(); at('play').click(); await until(() => rows('simulation').length > 0 && at('supervision').children.length > 1)`,
      )
    }
    await tab.ask('Runtime.evaluate', { expression: await readFile(axe, 'utf8') })
    expect(
      await tab.run(
        `return (await axe.run()).violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html).join(' '))`,
      ),
    ).toEqual([])
    expect(await tab.run(`return document.documentElement.scrollWidth`)).toBeLessThanOrEqual(NARROW.width)
  })

  it('is used with the keyboard alone: all that acts is reached in the order of the page', async () => {
    await tab.run(
      `document.activeElement.blur(); globalThis.reached = []; addEventListener('focusin', ({ target }) => reached.push(target.id || target.className || target.tagName))`,
    )
    for (let count = 0; count < 12; count += 1) await press('Tab')
    expect(await tab.run(`return reached`)).toEqual([
      'skip',
      'asked',
      'build-core',
      'threshold',
      'policy-file',
      'SUMMARY',
      'send',
      'crash',
      'scroll',
      'seed',
      'play',
      'A',
    ])
  })

  it('leads to the peer of the market, which says what is wrong with what it was given', async () => {
    await open('peer.html')
    await tab.run(
      `at('node').value = '/ip4/10.1.2.3/tcp/4001/ws'; at('notary-set').value = '{}'; at('open').click(); await until(() => at('peer-told').children.length > 0)`,
    )
    expect(await tab.run(`return [at('peer-told').textContent.length > 10, at('open').disabled]`)).toEqual([
      true,
      false,
    ])
  })
})
