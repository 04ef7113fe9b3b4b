/** Researches a question twice, the second time from memory: `node agents/researcher/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { amountFromNanos, CodedError, DEFAULT_TENANT, formatAmount } from 'kernell-os/core'
import { createScriptedModel } from 'kernell-os/testing'
import { startOfflineMemory } from '../offline/offline-memory.ts'
import { createOfflineRouter, promptOf } from '../offline/offline-router.ts'
import { researcher, type Researched, type ResearcherInput } from './agent.ts'

const local = createScriptedModel({
  modelId: 'local',
  replies: { kind: 'throw', error: new CodedError('MODEL_UNREACHABLE', { message: 'the local server is off' }) },
})
const seen: string[] = []
const cheap = createScriptedModel({
  modelId: 'cheap',
  replies: (request) => {
    const prompt = promptOf(request)
    seen.push(prompt)
    if (prompt.includes('Name the questions.')) return '["How old is the bridge?", "Who pays for it?", "What broke?"]'
    if (prompt.includes('Answer this question:')) return 'The bridge of 1931 [1] needs a new bearing [2].'
    if (prompt.includes('Who pays')) return { kind: 'refuse', refusal: 'I do not speak about money.' }
    return prompt.includes('How old') ? 'It was built in 1931.' : 'A bearing broke in spring.'
  },
})
const system = createActorSystem()
const offline = await createOfflineRouter({
  models: [
    { model: local, tier: 'local_small', usdPerMillion: '0' },
    { model: cheap, tier: 'cheap_api', usdPerMillion: '1' },
  ],
  actors: system,
})
const memory = await startOfflineMemory(system)
const input: ResearcherInput = { router: offline.router, caller: { tenant: DEFAULT_TENANT }, memory }
const ref = system.spawn(researcher, { id: 'researcher', input })

const question = 'Why is the old bridge closed, and who pays for its repair?'
const maxCostNanos = amountFromNanos(10_000_000n)
const first = await ref.ask<Researched>({ type: 'research', question, maxCostNanos })
assert.equal(first.answer, 'The bridge of 1931 [1] needs a new bearing [2].')
assert.deepEqual([first.findings.length, first.gaps.length, first.recalled], [2, 1, 0])
assert.ok(first.spentNanos > 0n && first.spentNanos <= maxCostNanos)

seen.length = 0
const second = await ref.ask<Researched>({ type: 'research', question, maxCostNanos })
assert.ok(second.recalled > 0)
assert.ok(seen.some((prompt) => prompt.includes('needs a new bearing')))

await offline.stop()
await memory.stop()
await system.stop()

process.stdout
  .write(`${first.findings.length} findings and ${first.gaps.length} gap (${first.gaps[0]?.question}) for $${formatAmount(first.spentNanos)}
${first.answer}
the local model was off, and a cheap one answered in its place
the second time ${second.recalled} memories of the first were used
`)
