import { Role, TaskState } from '@a2a-js/sdk'
import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../../src/base/canonical-json.ts'
import { CodedError } from '../../../src/base/errors.ts'
import type { TenantId } from '../../../src/base/identifiers.ts'
import type { AgentSkill } from '../../../src/node/a2a/agent-skill.ts'
import { createA2aOnDemand } from '../../../src/node/a2a/a2a-on-demand.ts'
import { textPart } from '../../../src/node/a2a/filed-task.ts'
import { contextOf } from '../../../src/node/a2a/node-a2a.ts'
import { cancelPaid } from '../../../src/node/a2a/payment/cancel-paid.ts'
import { PaidRuns } from '../../../src/node/a2a/payment/paid-runs.ts'
import { PAYMENT_CANCELLATION, PAYMENT_EXTENSION } from '../../../src/node/a2a/payment/payment-documents.ts'
import { encodePaidInput, nameOfInput } from '../../../src/node/a2a/payment/task-documents.ts'
import { resolveA2a } from '../../../src/node/config/resolve-a2a.ts'
import type { StandingSale } from '../../../src/node/market/desks/end-sale.ts'
import type { NodeMarket } from '../../../src/node/market/market-init.ts'
import { createNodeSigner } from '../../../src/keys/node-signatures.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import { createSystemTimers } from '../../../src/node/system-timers.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { messageOf, sendOf, taskOf } from '../../gateway/a2a/official-client.ts'

const DID = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'
const CONTRACT = 'c'.repeat(64) as StandingSale['contract']
const INPUT = { taskId: 't', skill: 'endless', parts: [textPart('Hi')] }
const NAME = nameOfInput(INPUT).hash
const LATER = 1_800_000_000_000

const sale = (state: string, more: Partial<StandingSale> = {}): StandingSale => ({
  contract: CONTRACT,
  state,
  isMade: false,
  lapsesAt: LATER,
  ...more,
})

/** A desk on which these contracts stand, and become what `after` says. */
function deskWith(sales: readonly StandingSale[], after?: StandingSale | CodedError) {
  const givenUp: string[] = []
  return {
    givenUp,
    contractsFor: async () => await Promise.resolve(sales),
    giveUp: async (contract: StandingSale['contract']) => {
      givenUp.push(contract)
      if (after instanceof CodedError) return await Promise.reject(after)
      return await Promise.resolve(after ?? sale('WORKING'))
    },
  }
}

async function cancel(desk: Parameters<typeof cancelPaid>[0]['desk'], runs = new PaidRuns()) {
  const cancellation = await cancelPaid({ desk, runs }, INPUT)
  if (cancellation.kind === 'too-late') return cancellation
  const { text, metadata } = await cancellation.finish()
  return { text, document: PAYMENT_CANCELLATION.parse(metadata[PAYMENT_EXTENSION]) }
}

describe('cancelling a task that has a price', () => {
  it.each<[string, StandingSale[], StandingSale | CodedError, object, RegExp]>([
    [
      'whose payer signs too',
      [sale('WORKING')],
      sale('VOIDED'),
      { state: 'VOIDED', outcome: 'returned', lapsesAt: null },
      /with the payer/,
    ],
    [
      'whose payer does not',
      [sale('HELD')],
      sale('WORKING'),
      { state: 'WORKING', outcome: 'agreed', lapsesAt: LATER },
      /signs the end .* 2027-01-15T08:00:00.000Z/,
    ],
    [
      'where nothing is held yet',
      [sale('AGREED')],
      sale('AGREED'),
      { state: 'AGREED', outcome: 'agreed' },
      /signs the end/,
    ],
    [
      'whose market does not answer',
      [sale('WORKING')],
      new CodedError('NETWORK_CLOSED', { message: 'gone' }),
      { state: 'WORKING', outcome: 'unknown', lapsesAt: LATER },
      /in any case/,
    ],
  ])('gives up the contract of one %s, and says what became of it', async (_what, sales, after, contract, text) => {
    const desk = deskWith(sales, after)
    const told = await cancel(desk)
    expect(told).toMatchObject({ document: { isWhole: true, contracts: [{ contract: CONTRACT, ...contract }] } })
    expect(told.text).toMatch(text)
    expect(desk.givenUp).toEqual([CONTRACT])
  })

  it('has nothing to give up where no contract was made, or it has ended unpaid', async () => {
    const none = deskWith([])
    expect(await cancel(none)).toMatchObject({ text: /No contract/, document: { contracts: [] } })
    const ended = deskWith([sale('EXPIRED', { isMade: true }), sale('VOIDED')])
    expect(await cancel(ended)).toMatchObject({
      document: { contracts: [{ outcome: 'returned' }, { outcome: 'returned' }] },
    })
    expect([none.givenUp, ended.givenUp]).toEqual([[], []])
  })

  it('waits for the market no longer than it may', async () => {
    const desk = { ...deskWith([sale('WORKING')]), giveUp: async () => await new Promise<never>(() => undefined) }
    const cancellation = await cancelPaid({ desk, runs: new PaidRuns(), waitMs: 1 }, INPUT)
    if (cancellation.kind === 'too-late') expect.unreachable()
    expect((await cancellation.finish()).metadata).toMatchObject({
      [PAYMENT_EXTENSION]: { contracts: [{ state: 'WORKING', outcome: 'unknown', lapsesAt: LATER }] },
    })
  })

  it('says that it does not know all contracts where the node takes no part in the market', async () => {
    const desk = deskWith([])
    const closed = async () => await Promise.reject(new CodedError('A2A_PAYMENT_CLOSED', { message: 'closed' }))
    expect(await cancel({ ...desk, contractsFor: closed })).toMatchObject({
      document: { isWhole: false, contracts: [] },
    })
  })

  it.each<[string, StandingSale[]]>([
    ['is made', [sale('WORKING', { isMade: true })]],
    ['is delivered', [sale('DELIVERED')]],
    ['is paid', [sale('FINAL')]],
    ['is with the arbiters', [sale('FROZEN')]],
    ['is made under one of two contracts', [sale('WORKING'), sale('DELIVERED', { isMade: true })]],
  ])('is too late once the work %s, and the work goes on', async (_what, sales) => {
    const runs = new PaidRuns()
    const desk = deskWith(sales)
    const run = runs.begin(NAME)
    expect(await cancel(desk, runs)).toMatchObject({ kind: 'too-late' })
    expect([desk.givenUp, run.signal.aborted]).toEqual([[], false])
  })

  it('is decided at one point: a result that is there goes out, and none comes after the cancelling', async () => {
    const made = new PaidRuns()
    const done = made.begin(NAME)
    done.made()
    done.end()
    expect(await cancel(deskWith([sale('WORKING')]), made)).toMatchObject({ kind: 'too-late' })
    const stopped = new PaidRuns()
    const late = stopped.begin(NAME)
    expect(await cancel(deskWith([sale('WORKING')]), stopped)).toHaveProperty('document')
    expect(() => late.made()).toThrow('The task was cancelled')
    // Nor does it begin again.
    expect(stopped.begin(NAME).signal.aborted).toBe(true)
  })
})

/** A market that knows one contract for whatever is asked. */
function playMarket() {
  const asked: string[] = []
  const answers: Readonly<Record<string, JsonValue>> = {
    currency: { currency: `USD@${DID}` },
    offer: { offer: 'o' },
    'offer-text': { text: '{}' },
    sales: { sales: [sale('WORKING')] as unknown as JsonValue },
    'end-sale': sale('VOIDED'),
  }
  const market = {
    did: DID,
    account: DID,
    addresses: [],
    set: { id: 'a'.repeat(64) },
    ask: async ({ op }: { op: string }) => {
      asked.push(op)
      return await Promise.resolve({ kind: 'json', body: answers[op] ?? null })
    },
  } as unknown as NodeMarket
  return { market, asked }
}

const CONTEXT = contextOf({
  caller: { tenant: 'acme' as TenantId },
  controls: {},
  isAuthenticated: true,
  baseUrl: 'http://localhost',
  version: '1.0',
  extensions: [PAYMENT_EXTENSION],
})

/** A node over a store that outlives it; what its skill was asked to do is in `signals`. */
async function openOn(store: ReturnType<typeof createMemoryKeyValueStore>) {
  const signals: AbortSignal[] = []
  const skill: AgentSkill = {
    id: 'endless',
    name: 'Sample',
    description: 'For tests',
    tags: ['test'],
    run: async ({ signal }) => {
      signals.push(signal)
      return await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      )
    },
  }
  const { market, asked } = playMarket()
  const onDemand = createA2aOnDemand({
    config: resolveA2a({ skills: ['endless'], payment: { prices: { endless: '1' } } }),
    isKeyed: false,
    version: '0.1.0',
    store,
    clock: createSystemClock(),
    random: createSystemRandom(),
    timers: createSystemTimers(),
    openSigner: async () => await Promise.resolve(createNodeSigner(new Uint8Array(32).fill(7))),
    openMarket: async () => await Promise.resolve(market),
    onError: () => undefined,
  })
  const a2a = await onDemand.open({ listModels: () => [], router: {} as never }, { skills: [skill] })
  const work = async (taskId: string): Promise<Uint8Array> => {
    const bytes = encodePaidInput({ taskId, skill: 'endless', parts: [textPart('Hi')] })
    const options = { payer: DID as never, signal: new AbortController().signal }
    return await (a2a.paidWorker ?? expect.unreachable())(bytes, {
      ...options,
      count: () => undefined,
      progress: () => undefined,
    })
  }
  return { a2a, asked, signals, work }
}

const ask = async ({ a2a }: Awaited<ReturnType<typeof openOn>>): Promise<string> => {
  const task = taskOf(await a2a.handler.sendMessage(sendOf(messageOf('Hi', { role: Role.ROLE_USER })), CONTEXT))
  expect(task.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED)
  return task.id
}

describe('a node whose paid task is cancelled', () => {
  it('stops the work that the market has begun, and works on it no more after a restart', async () => {
    const store = createMemoryKeyValueStore()
    const first = await openOn(store)
    const id = await ask(first)
    const working = expect(first.work(id)).rejects.toMatchObject({ code: 'REQUEST_ABORTED' })
    const task = await first.a2a.handler.cancelTask({ tenant: '', id, metadata: undefined }, CONTEXT)
    await working
    expect(first.signals.map(({ aborted }) => aborted)).toEqual([true])
    expect(task).toMatchObject({
      status: { state: TaskState.TASK_STATE_CANCELED },
      metadata: {
        [PAYMENT_EXTENSION]: { kind: 'cancellation', contracts: [{ state: 'VOIDED', outcome: 'returned' }] },
      },
    })
    expect(first.asked.filter((op) => op === 'end-sale')).toHaveLength(1)
    await first.a2a.stop()
    const second = await openOn(store)
    await expect(second.work(id)).rejects.toMatchObject({ code: 'REQUEST_ABORTED' })
    expect(second.signals).toEqual([])
    // Its payer may have signed since.
    await new Promise((resolve) => setImmediate(resolve))
    expect(second.asked).toEqual(['sales', 'end-sale'])
    const again = await second.a2a.handler.cancelTask({ tenant: '', id, metadata: undefined }, CONTEXT)
    expect([again.status?.state, again.metadata]).toEqual([TaskState.TASK_STATE_CANCELED, task.metadata])
    expect(second.asked).toHaveLength(2)
    await second.a2a.stop()
  })

  it('gives up what was agreed before a restart', async () => {
    const store = createMemoryKeyValueStore()
    const first = await openOn(store)
    const id = await ask(first)
    await first.a2a.stop()
    const second = await openOn(store)
    const task = await second.a2a.handler.cancelTask({ tenant: '', id, metadata: undefined }, CONTEXT)
    expect(task).toMatchObject({
      status: { state: TaskState.TASK_STATE_CANCELED },
      metadata: { [PAYMENT_EXTENSION]: { kind: 'cancellation', contracts: [{ outcome: 'returned' }] } },
    })
    await second.a2a.stop()
  })
})
