/** Researches a question twice, the second time from memory, and then within a conversation: `node agents/researcher/run.ts`, after `npm run build`. */
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
    if (prompt.endsWith('Who pays for it?'))
      return prompt.includes('The town pays') ? 'The town.' : { kind: 'refuse', refusal: 'I do not speak about money.' }
    return prompt.endsWith('How old is the bridge?') ? 'It was built in 1931.' : 'A bearing broke in spring.'
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
assert.deepEqual([first.isWritten, first.isAccepted, first.gaps[0]?.question], [true, false, 'Who pays for it?'])
assert.ok(first.spentNanos > 0n && first.spentNanos <= maxCostNanos)

seen.length = 0
const sources = [{ title: 'The log of the bridge keeper', text: 'The eastern bearing cracked. The town pays.' }]
const second = await ref.ask<Researched>({ type: 'research', question, sources, maxCostNanos })
assert.deepEqual([second.recalled, second.isAccepted, second.gaps], [1, true, []])
const gathering = seen.filter((prompt) => prompt.includes('one question of an investigation'))
assert.ok(gathering.length > 0 && gathering.every((prompt) => prompt.includes('needs a new bearing')))
assert.ok(gathering.every((prompt) => prompt.includes('eastern bearing cracked') && prompt.includes('bridge keeper')))
// Under a cap one by one: the last question is shown what the first one found.
assert.ok(gathering.at(-1)?.includes('It was built in 1931.') && !gathering[0]?.includes('It was built in 1931.'))

// A refused question made the first time a failure; the second time what was remembered of it helped. It is linked to the question that it came of.
const { items } = await memory.recall({ text: question, kinds: ['outcome'] })
const lesson = memory.read(items[0]?.id ?? '')
assert.deepEqual([items.length, Math.round(lesson?.successes ?? 0), Math.round(lesson?.failures ?? 0)], [1, 2, 1])
assert.ok(lesson?.links.some(({ relation }) => relation === 'led-to'))

seen.length = 0
const talk = { type: 'research', thread: 'bridge', questionsMax: 1 }
await ref.ask<Researched>({ ...talk, question: 'How old is the bridge?' })
await ref.ask<Researched>({ ...talk, question: 'And what broke?', isLast: true })
assert.ok(seen.at(-1)?.includes('How old is the bridge?') && seen.at(-1)?.includes('It was built in 1931.'))
assert.ok(memory.readThread('bridge') === undefined && memory.read('summary:bridge')?.text.includes('A bearing broke'))

await offline.stop()
await memory.stop()
await system.stop()

process.stdout
  .write(`${first.findings.length} findings and ${first.gaps.length} gap (${first.gaps[0]?.question}) for $${formatAmount(first.spentNanos)}
${first.answer}
the local model was off, and a cheap one answered in its place
the second time ${second.recalled} memory of the first was used, with ${sources.length} source
a later question of a conversation was shown the earlier one
`)
