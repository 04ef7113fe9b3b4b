import { missingMemories } from './agent-deeds.ts'
import { ENDED, outputOf } from './kept-deeds.ts'
import { jsonOf, wordOf } from './node-caller.ts'
import type { KeptEntry } from './soak-record.ts'
import { askAdmin, type SoakWorld } from './soak-world.ts'

/** Of each kind so many are asked for after an end, the newest first. */
const ASKED_MAX = 150
const SHOWN_MAX = 3

/** Asks for everything that was acknowledged. Returns what is gone, or not as it was. */
export async function checkRecord(world: SoakWorld): Promise<readonly string[]> {
  world.record.trim()
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ['responses', await lostResponses(world)],
    ['batches', await lostBatches(world)],
    ['entries of the administration', await lostEntries(world)],
    ['texts of the memory', await missingMemories(world)],
    ['tasks of A2A', await lostA2aTasks(world)],
    ['records of tasks', await lostTasks(world)],
    ['sums of usage', await lostUsage(world)],
  ]
  return kinds.flatMap(([kind, lost]) =>
    lost.length === 0 ? [] : [`${lost.length} ${kind} that were acknowledged are lost: ${shown(lost)}`],
  )
}

function shown(lost: readonly string[]): string {
  return lost.slice(0, SHOWN_MAX).join('; ')
}

async function lostResponses({ caller, record }: SoakWorld): Promise<readonly string[]> {
  const lost: string[] = []
  for (const { tenant, id, text, isDeleted } of record.responses.slice(-ASKED_MAX)) {
    const told = await caller.ask(`/v1/responses/${id}`, { key: tenant.key })
    if (isDeleted) {
      if (told.status !== 404) lost.push(`${id} was deleted and is there again`)
    } else if (told.status !== 200) lost.push(`${id} is ${wordOf(told)}`)
    else if (text !== undefined && outputOf(told) !== text) lost.push(`${id} says something else`)
  }
  return lost
}

async function lostBatches({ caller, record }: SoakWorld): Promise<readonly string[]> {
  const lost: string[] = []
  for (const { tenant, id, output } of record.batches) {
    const told = await caller.ask(`/v1/batches/${id}`, { key: tenant.key })
    const { status, output_file_id: file } = jsonOf(told)
    if (told.status !== 200) lost.push(`${id} is ${wordOf(told)}`)
    else if (output !== undefined && !ENDED.has(status)) lost.push(`${id} had ended and is ${String(status)}`)
    else if (output !== undefined && typeof file === 'string') {
      const { text } = await caller.ask(`/v1/files/${file}/content`, { key: tenant.key })
      if (!output.includes(text.trimEnd())) lost.push(`the output of ${id} is another one`)
    }
  }
  return lost
}

async function lostEntries(world: SoakWorld): Promise<readonly string[]> {
  const lost: string[] = []
  for (const entry of world.record.entries.filter(({ isUnsure }) => !isUnsure)) {
    const told = await askAdmin(world, `GET ${entry.path}`)
    const wrong = whatIsWrong(entry, told.status, jsonOf(told))
    if (wrong !== undefined) lost.push(`${entry.path} ${wrong}`)
  }
  return lost
}

function whatIsWrong(
  { expected }: KeptEntry,
  status: number,
  found: Readonly<Record<string, unknown>>,
): string | undefined {
  if (expected === undefined) return status === 404 ? undefined : 'was removed and is there again'
  if (status !== 200) return `is ${status}`
  const other = Object.entries(expected).find(([name, value]) => found[name] !== value)
  return other === undefined ? undefined : `has ${other[0]} ${String(found[other[0]])}, not ${String(other[1])}`
}

async function lostA2aTasks({ caller, record }: SoakWorld): Promise<readonly string[]> {
  const lost: string[] = []
  for (const { tenant, id, state } of record.a2aTasks.slice(-ASKED_MAX)) {
    const told = await caller.ask(`/a2a/tasks/${id}`, { key: tenant.key, headers: { 'a2a-version': '1.0' } })
    if (told.status !== 200 || !told.text.includes(state)) lost.push(`${id}, ${state}, is ${wordOf(told)}`)
  }
  return lost
}

async function lostTasks({ caller, record }: SoakWorld): Promise<readonly string[]> {
  const lost: string[] = []
  for (const { tenant, id, hasFeedback } of record.tasks.slice(-ASKED_MAX)) {
    const told = await caller.ask(`/v1/outcomes/${id}`, { key: tenant.key })
    if (told.status !== 200) lost.push(`${id} is ${wordOf(told)}`)
    else if (hasFeedback && !told.text.includes('"kind":"thumbs"')) lost.push(`the feedback to ${id}`)
  }
  return lost
}

async function lostUsage(world: SoakWorld): Promise<readonly string[]> {
  const told = jsonOf(await askAdmin(world, 'GET /v1/admin/usage?by=tenant&kind=task'))
  return judgeUsage(told, world)
}

type UsageRow = { readonly tenant: string; readonly requests: number }

/** Sums of usage that are less than what was answered, whether the records of it are still kept or not. */
export function judgeUsage(
  told: Readonly<Record<string, unknown>>,
  { tenants, record }: Pick<SoakWorld, 'tenants' | 'record'>,
): readonly string[] {
  const rows = (told['data'] ?? []) as readonly UsageRow[]
  return tenants.flatMap(({ id }) => {
    const counted = rows.find(({ tenant }) => tenant === id)?.requests ?? 0
    const answered = record.taskCounts.get(id) ?? 0
    return counted >= answered ? [] : [`${id} was answered ${answered} times, and ${counted} are counted`]
  })
}
