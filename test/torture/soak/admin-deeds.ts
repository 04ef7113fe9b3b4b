import { jsonOf, wordOf } from './node-caller.ts'
import { readKept } from './kept-deeds.ts'
import type { KeptEntry } from './soak-record.ts'
import { askAdmin, type Deed, pick, type SoakWorld, tenantOf } from './soak-world.ts'

/** Entries that there are at one time; beyond that one is removed. */
const ENTRIES_MAX = 60
const FEED_MS_MAX = 1_500
const VIEWS = ['overview', 'decisions?limit=50', 'costs', 'cache', 'budgets', 'agents', 'peers', 'policies'] as const

/** Makes a change whose outcome is only known once it is acknowledged. */
async function change(entry: KeptEntry, run: () => Promise<string>): Promise<string> {
  entry.isUnsure = true
  const word = await run()
  entry.isUnsure = word !== 'answered'
  return word
}

async function createKey(world: SoakWorld): Promise<string> {
  const label = `soak ${world.nextLine()}`
  const told = await askAdmin(world, 'POST /v1/admin/keys', { tenant: tenantOf(world).id, label })
  const { id } = jsonOf(told)
  if (told.status !== 201 || typeof id !== 'string') return wordOf(told)
  world.record.entries.push({ path: `/v1/admin/keys/${id}`, expected: { label }, isUnsure: false })
  return 'created'
}

async function createBudget(world: SoakWorld): Promise<string> {
  const scope = `agent:soak-${world.nextLine()}`
  const limit = `${1 + world.random.nextBelow(1_000)}.25`
  const told = await askAdmin(world, 'POST /v1/admin/budgets', { scope, window: 'total', limit_usd: limit })
  const { id } = jsonOf(told)
  if (told.status !== 201 || typeof id !== 'string') return wordOf(told)
  const path = `/v1/admin/budgets/${id}`
  world.record.entries.push({ path, expected: { limit_usd: limit }, isUnsure: false })
  return 'created'
}

async function changeEntry(world: SoakWorld): Promise<string> {
  const entry = pickEntry(world)
  if (entry === undefined) return await createKey(world)
  const isKey = entry.path.includes('/keys/')
  const expected = isKey
    ? { label: `soak ${world.nextLine()}`, is_disabled: world.random.nextBelow(2) === 0 }
    : { limit_usd: `${1 + world.random.nextBelow(9_000)}.5` }
  return await change(entry, async () => {
    const told = await askAdmin(world, `PATCH ${entry.path}`, expected)
    if (told.status === 200) entry.expected = { ...entry.expected, ...expected }
    return wordOf(told)
  })
}

async function removeEntry(world: SoakWorld): Promise<string> {
  const entry = pickEntry(world)
  if (entry === undefined || world.record.entries.length < ENTRIES_MAX / 2) return await createBudget(world)
  return await change(entry, async () => {
    const told = await askAdmin(world, `DELETE ${entry.path}`)
    if (told.status === 200) entry.expected = undefined
    return wordOf(told)
  })
}

function pickEntry({ random, record }: SoakWorld): KeptEntry | undefined {
  const all = record.entries.filter(({ expected, isUnsure }) => expected !== undefined && !isUnsure)
  return all.length === 0 ? undefined : pick(random, all)
}

/** The dashboard's feed, for a while. */
async function feed(world: SoakWorld): Promise<string> {
  const leave = 100 + world.random.nextBelow(FEED_MS_MAX)
  return wordOf(await world.caller.ask('/v1/node/events', { key: world.adminToken, leave }))
}

async function view(world: SoakWorld): Promise<string> {
  return wordOf(await askAdmin(world, `GET /v1/node/${pick(world.random, VIEWS)}`))
}

async function usage(world: SoakWorld): Promise<string> {
  return wordOf(await world.caller.ask('/v1/usage', { key: tenantOf(world).key }))
}

async function metrics(world: SoakWorld): Promise<string> {
  return wordOf(await askAdmin(world, 'GET /metrics'))
}

export const ADMIN_DEEDS: readonly Deed[] = [
  { name: 'keys created', weight: 1, run: createKey },
  { name: 'entries changed', weight: 2, run: changeEntry },
  { name: 'entries removed', weight: 1.2, run: removeEntry },
  { name: 'feed', weight: 2, run: feed },
  { name: 'views', weight: 2, run: view },
  { name: 'usage', weight: 0.2, run: usage },
  { name: 'metrics', weight: 1, run: metrics },
  { name: 'responses read', weight: 3, run: readKept },
]
