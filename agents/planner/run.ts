/**
 * Plans a task and executes the graph, with one step that fails, and one plan that is gone on with after an interruption:
 * `node agents/planner/run.ts`, after `npm run build`.
 */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { DEFAULT_TENANT } from 'kernell-os/core'
import { createTaskGraphs, SUB_TASK_CODEC, taskGraphsOf } from 'kernell-os/router'
import { createMemoryEventLog } from 'kernell-os/storage'
import { createScriptedModel } from 'kernell-os/testing'
import { startOfflineMemory } from '../offline/offline-memory.ts'
import { createOfflineRouter, promptOf } from '../offline/offline-router.ts'
import { planner, type Executed, type PlannerInput } from './agent.ts'

const plan = [
  { id: 's1', description: 'List the towns on the river.', difficulty: 1, domain: 'general', depends_on: [] },
  { id: 's2', description: 'List the bridges of each town.', difficulty: 2, domain: 'data', depends_on: ['s1'] },
  { id: 's3', description: 'Find the year of each flood.', difficulty: 2, domain: 'data', depends_on: [] },
  { id: 's4', description: 'Write the history.', difficulty: 3, domain: 'creative', depends_on: ['s2', 's3'] },
]
const prompts: string[] = []
let isArchiveClosed = false
let isWriterAway = false
const model = createScriptedModel({
  modelId: 'small',
  replies: (request) => {
    const prompt = promptOf(request)
    prompts.push(prompt)
    if (prompt.includes('JSON array only.')) return JSON.stringify(plan)
    if (prompt.includes('towns on')) return 'Aldstadt and Brugg.'
    if (prompt.includes('bridges of')) return 'One bridge each.'
    if (prompt.includes('each flood') && isArchiveClosed) return { kind: 'refuse', refusal: 'The archive is closed.' }
    if (prompt.includes('each flood')) return 'The floods came in 1888 and 1931.'
    if (isWriterAway) return { kind: 'hang' }
    return 'In 1931 the flood took both bridges.'
  },
})
const system = createActorSystem()
const offline = await createOfflineRouter({
  models: [{ model, tier: 'cheap_api', usdPerMillion: '1' }],
  actors: system,
})
const memory = await startOfflineMemory(system)
const log = createMemoryEventLog()
const graphs = createTaskGraphs({ actors: system, log, codec: SUB_TASK_CODEC })
await graphs.start()
const caller = { tenant: DEFAULT_TENANT }
const input: PlannerInput = { router: offline.router, caller, memory, graphs: taskGraphsOf(graphs, caller.tenant) }
const ref = system.spawn(planner, { id: 'planner', input })
const task = 'Write the history of the bridges on our river.'
const progress: string[] = []
ref.on('progress', ({ step, stepId, output }) => void progress.push([step, stepId, output].join(' ').trim()))

const done = await ref.ask<Executed>({ type: 'execute', task })
assert.equal(done.output, 'In 1931 the flood took both bridges.')
assert.ok(done.isComplete && done.steps.every(({ state }) => state === 'succeeded'))
const last = prompts.at(-1) ?? ''
assert.ok(last.includes('One bridge each.') && last.includes('1888') && !last.includes('Aldstadt'))
// Two steps are ready at once, and are begun before either has ended; each output is told of as it comes.
const firstEnd = progress.findIndex((line) => line.startsWith('step-done'))
assert.deepEqual(progress.slice(0, firstEnd), ['recalled', 'planned', 'step-started s1', 'step-started s3'])
assert.deepEqual(
  progress.filter((line) => line.startsWith('step-done')).toSorted(),
  done.steps.map(({ id, output }) => `step-done ${id} ${output}`),
)

isArchiveClosed = true
prompts.length = 0
const partial = await ref.ask<Executed>({ type: 'execute', task })
assert.deepEqual(
  partial.steps.map(({ state }) => state),
  ['succeeded', 'succeeded', 'failed', 'stopped'],
)
assert.deepEqual([partial.isComplete, partial.output, partial.recalled], [false, 'One bridge each.', 1])
assert.ok(prompts[0]?.includes('(succeeded)'))
assert.equal(prompts.filter((prompt) => prompt.includes('each flood')).length, 3, 'planned, and tried twice')

// What was remembered of the first plan led to a failure, and is linked to the task that it came of.
const { items } = await memory.recall({ text: task, kinds: ['outcome'] })
const lessons = items.map(({ id }) => memory.read(id))
const first = lessons.find((lesson) => lesson?.text.includes('s4: Write the history. (succeeded)'))
assert.deepEqual([lessons.length, Math.round(first?.successes ?? 0), Math.round(first?.failures ?? 0)], [2, 1, 1])
assert.ok(lessons.every((lesson) => lesson?.links.some(({ relation }) => relation === 'led-to')))

isArchiveClosed = false
isWriterAway = true
const writing = Promise.withResolvers<void>()
ref.on('progress', ({ step, stepId }) => {
  if (step === 'step-started' && stepId === 's4') writing.resolve()
})
ref.send({ type: 'execute', id: 'interrupted', task })
await writing.promise
await ref.ask({ type: 'cancel', id: 'interrupted' })
isWriterAway = false
prompts.length = 0
const resumed = await ref.ask<Executed>({ type: 'execute', task })
assert.deepEqual([resumed.resumed, resumed.output, prompts.length], [3, done.output, 1])

const planned = await ref.ask<Executed>({ type: 'execute', task, isPlanOnly: true })
assert.ok(planned.output === '' && planned.steps.every(({ state }) => state === 'waiting'))
await graphs.stop()
await offline.stop()
await memory.stop()
await system.stop()

process.stdout.write(`${done.steps.length} steps: ${done.output}
each step saw the outputs that it depends on, and no others
with the archive closed: ${partial.steps.map(({ id, state }) => `${id} ${state}`).join(', ')}
the second plan was made with ${partial.recalled} memory of the first
interrupted at its last step, it went on with ${resumed.resumed} steps that were done
`)
