import type { RandomStream } from '../../../src/base/random-stream.ts'
import type { ConfigDocument } from '../../../src/node/config/config-document.ts'
import { usdOf } from '../budgets/load-world.ts'
import type { NodeCaller, Question, Told } from './node-caller.ts'
import type { SoakRecord } from './soak-record.ts'

export const MODELS = ['steady-1', 'steady-2', 'steady-3'] as const
/** The tenant whose calls all end well, so that what they cost is known to the nano-dollar. */
export const CALM = 'calm'
export const TENANTS = ['north', 'east', 'south', 'west', CALM] as const
/** More than an hour costs, and little enough that a part of it is no small change. */
export const LIMIT_NANOS = 10_000_000_000n
const ATTEMPT_TIMEOUT_MS = 5_000
const CACHE_ENTRIES_MAX = 2_000
const A2A_TASKS_MAX = 500
/** Beyond them the oldest are gone, and stay in sums; so many as a node keeps that was told nothing. */
const RECORDS_MAX = 100_000
/** Of calls that were not told how long they may be. */
export const OUTPUT_TOKENS_MAX = 100

export type SoakTenant = { readonly id: string; readonly key: string; readonly keyId: string }

/** What a deed acts on. */
export type SoakWorld = {
  readonly caller: NodeCaller
  readonly random: RandomStream
  readonly record: SoakRecord
  readonly tenants: readonly SoakTenant[]
  readonly adminToken: string
  nextLine(): number
}

/** Something that callers do to the node. Returns the word by which it is counted; throws `NodeGone`. */
export type Deed = {
  readonly name: string
  /** How often, beside the others. */
  readonly weight: number
  readonly run: (world: SoakWorld) => Promise<string>
}

export function soakConfig(upstreamUrl: string): ConfigDocument {
  const prices = { inputUsdPerMillion: 0.15, outputUsdPerMillion: 0.6 }
  const names = MODELS.map((model) => `up-${model}`)
  return {
    discover: false,
    providers: Object.fromEntries(
      MODELS.map((model) => [`up-${model}`, { kind: 'openai', baseUrl: upstreamUrl, models: [model] }]),
    ),
    models: Object.fromEntries(
      names.map((name, place) => [
        `${name}/${MODELS[place]}`,
        { tier: 'cheap_api' as const, prices, outputTokensMax: OUTPUT_TOKENS_MAX, capabilities: { tools: true } },
      ]),
    ),
    router: { attemptTimeoutMs: ATTEMPT_TIMEOUT_MS },
    // What a node keeps in memory by its limits is full early on, so that it is no growth.
    cache: { enabled: true, entriesMax: CACHE_ENTRIES_MAX },
    telemetry: { consent: true, recordsMax: RECORDS_MAX },
    a2a: { tasksMax: A2A_TASKS_MAX },
    log: { level: 'error' },
    budgets: TENANTS.map((tenant) => ({
      scope: `tenant:${tenant}`,
      window: 'total' as const,
      limitUsd: usdOf(LIMIT_NANOS),
    })),
  }
}

export function pick<T>(random: RandomStream, all: readonly T[]): T {
  const one = all[random.nextBelow(all.length)]
  if (one === undefined) throw new RangeError('nothing to pick from')
  return one
}

export function tenantOf({ random, tenants }: SoakWorld): SoakTenant {
  return pick(random, tenants)
}

/** One of those who leave before the end. */
export function leaverOf({ random, tenants }: SoakWorld): SoakTenant {
  return pick(
    random,
    tenants.filter(({ id }) => id !== CALM),
  )
}

/** A text that no other caller sends. `and leave` tells the provider that nobody may hear its end. */
export function promptOf(world: SoakWorld, tenant: SoakTenant, isLeaving = false): string {
  if (isLeaving) world.record.noteLeaver(tenant)
  return `Say line ${world.nextLine()} for ${tenant.id}${isLeaving ? ' and leave' : ''} about the sea`
}

export function modelOf({ random }: SoakWorld): string {
  if (random.nextBelow(2) === 0) return 'kernell-cheap'
  const model = pick(random, MODELS)
  return `up-${model}/${model}`
}

export async function askAdmin({ caller, adminToken }: SoakWorld, what: string, body?: object): Promise<Told> {
  const [method = 'GET', path = ''] = what.split(' ')
  const question: Question = { method, key: adminToken, ...(body !== undefined && { body }) }
  return await caller.ask(path, question)
}
