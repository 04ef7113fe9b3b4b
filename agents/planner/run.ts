/** Plans a task and executes the graph, with one step that fails: `node agents/planner/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { CodedError, DEFAULT_TENANT } from 'kernell-os/core'
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
const model = createScriptedModel({
  modelId: 'small',
  replies: (request) => {
    const prompt = promptOf(request)
    prompts.push(prompt)
    if (prompt.includes('JSON array only.')) return JSON.stringify(plan)
    if (prompt.includes('towns on')) return 'Aldstadt and Brugg.'
    if (prompt.includes('bridges of')) return 'One bridge each.'
    if (prompt.includes('each flood') && isArchiveClosed)
      return { kind: 'throw', error: new CodedError('MODEL_AUTH_FAILED', { message: 'the archive is closed' }) }
    if (prompt.includes('each flood')) return 'The floods came in 1888 and 1931.'
    return 'In 1931 the flood took both bridges.'
  },
})
const system = createActorSystem()
const offline = await createOfflineRouter({
  models: [{ model, tier: 'cheap_api', usdPerMillion: '1' }],
  actors: system,
})
const memory = await startOfflineMemory(system)
const input: PlannerInput = { router: offline.router, caller: { tenant: DEFAULT_TENANT }, memory }
const ref = system.spawn(planner, { id: 'planner', input })
const task = 'Write the history of the bridges on our river.'

const done = await ref.ask<Executed>({ type: 'execute', task })
assert.equal(done.output, 'In 1931 the flood took both bridges.')
assert.ok(done.isComplete && done.steps.every(({ state }) => state === 'succeeded'))
const last = prompts.at(-1) ?? ''
assert.ok(last.includes('One bridge each.') && last.includes('1888') && !last.includes('Aldstadt'))

isArchiveClosed = true
prompts.length = 0
const partial = await ref.ask<Executed>({ type: 'execute', task })
assert.deepEqual(
  partial.steps.map(({ state }) => state),
  ['succeeded', 'succeeded', 'failed', 'stopped'],
)
assert.deepEqual([partial.isComplete, partial.output, partial.recalled > 0], [false, 'One bridge each.', true])
assert.ok(prompts[0]?.includes('(succeeded)'))

const planned = await ref.ask<Executed>({ type: 'execute', task, isPlanOnly: true })
assert.ok(planned.output === '' && planned.steps.every(({ state }) => state === 'waiting'))
await offline.stop()
await memory.stop()
await system.stop()

process.stdout.write(`${done.steps.length} steps: ${done.output}
each step saw the outputs that it depends on, and no others
with the archive closed: ${partial.steps.map(({ id, state }) => `${id} ${state}`).join(', ')}
the second plan was made with ${partial.recalled} memories of the first
`)
