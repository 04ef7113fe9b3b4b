import { type Told, jsonOf, NodeGone, wordOf } from './node-caller.ts'
import type { KeptBatch } from './soak-record.ts'
import { type Deed, leaverOf, modelOf, pick, promptOf, type SoakWorld, tenantOf } from './soak-world.ts'

const TASKS_MAX = 6
const BOUNDARY = 'soak-boundary'
/** Batches that are worked on at one time; more would only wait. */
const OPEN_BATCHES_MAX = 3
const BATCHES_MAX = 100
export const ENDED: ReadonlySet<unknown> = new Set(['completed', 'failed', 'cancelled', 'expired'])

async function stored(world: SoakWorld): Promise<string> {
  const tenant = tenantOf(world)
  const body = { model: modelOf(world), input: promptOf(world, tenant), max_output_tokens: 30 }
  const told = await world.caller.ask('/v1/responses', { key: tenant.key, body })
  const { id } = jsonOf(told)
  if (wordOf(told) !== 'answered' || typeof id !== 'string') return wordOf(told)
  world.record.responses.push({ tenant, id, text: outputOf(told), isDeleted: false })
  return 'answered'
}

async function continued(world: SoakWorld): Promise<string> {
  const before = world.record.responses.findLast(({ isDeleted, text }) => !isDeleted && text !== undefined)
  if (before === undefined) return 'nothing to go on from'
  const { tenant } = before
  const body = { model: 'kernell-cheap', input: promptOf(world, tenant), previous_response_id: before.id, stream: true }
  const told = await world.caller.ask('/v1/responses', { key: tenant.key, body: { ...body, max_output_tokens: 20 } })
  const [, id] = /"id":"(resp_[^"]+)"/.exec(told.text) ?? []
  if (told.status === 200 && told.text.includes('response.completed') && id !== undefined)
    world.record.responses.push({ tenant, id, text: undefined, isDeleted: false })
  // Another caller may have deleted it since.
  return before.isDeleted ? 'gone meanwhile' : wordOf(told)
}

async function background(world: SoakWorld): Promise<string> {
  const isCancelled = world.random.nextBelow(3) === 0
  const tenant = isCancelled ? leaverOf(world) : tenantOf(world)
  const input = promptOf(world, tenant, isCancelled)
  const body = { model: modelOf(world), input, background: true, max_output_tokens: 30 }
  const told = await world.caller.ask('/v1/responses', { key: tenant.key, body })
  const { id } = jsonOf(told)
  if (told.status !== 200 || typeof id !== 'string') return wordOf(told)
  world.record.responses.push({ tenant, id, text: undefined, isDeleted: false })
  if (!isCancelled) return 'queued'
  const cancelled = await world.caller.ask(`/v1/responses/${id}/cancel`, { key: tenant.key, method: 'POST' })
  return cancelled.status === 200 ? 'cancelled' : wordOf(cancelled)
}

async function deleted(world: SoakWorld): Promise<string> {
  const response = world.record.responses.find(({ isDeleted, text }) => !isDeleted && text !== undefined)
  if (response === undefined) return 'nothing to delete'
  // From now on nobody knows.
  const place = world.record.responses.indexOf(response)
  world.record.responses.splice(place, 1)
  const told = await world.caller.ask(`/v1/responses/${response.id}`, { key: response.tenant.key, method: 'DELETE' })
  if (told.status !== 200) return wordOf(told)
  response.isDeleted = true
  world.record.responses.push(response)
  return 'deleted'
}

async function batch(world: SoakWorld): Promise<string> {
  const { batches } = world.record
  const open = batches.filter(({ output }) => output === undefined)
  if (open[0] !== undefined && open.length >= OPEN_BATCHES_MAX) return await followBatch(world, open[0])
  if (batches.length > BATCHES_MAX) await forgetBatch(world)
  const tenant = tenantOf(world)
  const tasks = 1 + world.random.nextBelow(TASKS_MAX)
  const lines = Array.from({ length: tasks }, (_, place) =>
    JSON.stringify({
      custom_id: `t${place}`,
      method: 'POST',
      url: '/v1/chat/completions',
      body: {
        model: 'kernell-cheap',
        max_tokens: 20,
        messages: [{ role: 'user', content: promptOf(world, tenant) }],
      },
    }),
  )
  const file = await world.caller.ask('/v1/files', {
    key: tenant.key,
    body: formOf(lines.join('\n')),
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
  })
  const inputFile = jsonOf(file)['id']
  if (file.status !== 200 || typeof inputFile !== 'string') return `file: ${wordOf(file)}`
  const body = { input_file_id: inputFile, endpoint: '/v1/chat/completions', completion_window: '24h' }
  const told = await world.caller.ask('/v1/batches', { key: tenant.key, body })
  const { id } = jsonOf(told)
  if (told.status !== 200 || typeof id !== 'string') return wordOf(told)
  world.record.batches.push({ tenant, id, inputFile, tasks, output: undefined, files: [] })
  return 'begun'
}

async function forgetBatch(world: SoakWorld): Promise<void> {
  const { batches } = world.record
  const place = batches.findIndex(({ output }) => output !== undefined)
  const [oldest] = place < 0 ? [] : batches.splice(place, 1)
  if (oldest !== undefined) await deleteFiles(world, oldest, oldest.files)
}

/** Looks how a batch is, and reads all of it once it has ended. */
export async function followBatch(world: SoakWorld, kept: KeptBatch): Promise<string> {
  const told = await world.caller.ask(`/v1/batches/${kept.id}`, { key: kept.tenant.key })
  const { status, output_file_id: output, error_file_id: errors } = jsonOf(told)
  if (told.status !== 200) return `a batch that was acknowledged is ${told.status}`
  if (!ENDED.has(status)) return 'under way'
  const texts = await Promise.all(
    [output, errors].map(async (file) =>
      typeof file === 'string'
        ? (await world.caller.ask(`/v1/files/${file}/content`, { key: kept.tenant.key })).text.trimEnd()
        : '',
    ),
  )
  const text = texts.filter((one) => one !== '').join('\n')
  const names = new Set([...text.matchAll(/"custom_id":"(t[0-9]+)"/g)].map(([, name]) => name))
  const lines = text === '' ? 0 : text.split('\n').length
  if (status === 'completed' && (names.size !== kept.tasks || lines !== kept.tasks))
    return `a batch of ${kept.tasks} tasks ended with ${lines} results`
  kept.output = text
  kept.files = [output, errors].filter((file) => typeof file === 'string')
  await deleteFiles(world, kept, [kept.inputFile])
  return String(status)
}

/** Files that nobody reads again make room for others. */
async function deleteFiles({ caller }: SoakWorld, { tenant }: KeptBatch, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const told = await caller.ask(`/v1/files/${file}`, { key: tenant.key, method: 'DELETE' })
    if (told.status !== 200 && told.status !== 404) throw new NodeGone(`a file is not deleted: ${told.text}`)
  }
}

function formOf(text: string): Buffer {
  const part = (name: string, value: string, more = ''): string =>
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
  const file = part('file', text, '; filename="tasks.jsonl"\r\ncontent-type: application/jsonl')
  return Buffer.from(`${part('purpose', 'batch')}${file}--${BOUNDARY}--\r\n`)
}

type Output = readonly { readonly content?: readonly { readonly text?: string }[] }[]

/** The text of a response. */
export function outputOf(told: Pick<Told, 'text'>): string {
  const output = (jsonOf(told)['output'] ?? []) as Output
  return output.flatMap(({ content = [] }) => content.map(({ text = '' }) => text)).join('')
}

export const KEPT_DEEDS: readonly Deed[] = [
  { name: 'responses', weight: 8, run: stored },
  { name: 'responses continued', weight: 3, run: continued },
  { name: 'responses in the background', weight: 4, run: background },
  { name: 'responses deleted', weight: 1, run: deleted },
  { name: 'batches', weight: 1, run: batch },
]

/** One of the things that were kept, for callers who ask for it again. */
export async function readKept(world: SoakWorld): Promise<string> {
  const responses = world.record.responses.filter(({ isDeleted }) => !isDeleted)
  if (responses.length === 0) return 'nothing is kept'
  const { tenant, id } = pick(world.random, responses)
  return wordOf(await world.caller.ask(`/v1/responses/${id}`, { key: tenant.key }))
}
