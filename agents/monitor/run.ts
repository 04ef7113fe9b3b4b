/** Watches a service that breaks and recovers: `node agents/monitor/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { echo } from '../echo/agent.ts'
import { monitor, type MonitorInput, type MonitorStatus } from './agent.ts'
import { answerProbe, deadLetterProbe, livenessProbe } from './probes.ts'

const system = createActorSystem()
const echoRef = system.spawn(echo, { id: 'echo' })
let isBroken = false
const input: MonitorInput = {
  probes: [
    { name: 'service', check: () => ({ isWell: !isBroken, detail: isBroken ? 'refuses connections' : 'answers' }) },
    { name: 'slow', check: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', reject)) },
    answerProbe({ system, id: 'echo', event: { type: 'say' } }),
    livenessProbe('echo', system),
    deadLetterProbe(system),
  ],
  everyMs: 60_000,
  timeoutMs: 200,
  failuresToAlarm: 2,
  successesToClear: 1,
}
const ref = system.spawn(monitor, { id: 'monitor', input })

const check = async (): Promise<MonitorStatus> => await ref.ask({ type: 'check' })
const stateOf = (status: MonitorStatus, name: string): unknown => status.probes.find((probe) => probe.name === name)
const first = await check()
assert.ok(first.probes.filter(({ state }) => state === 'well').length === 4)
assert.deepEqual(stateOf(first, 'slow'), {
  ...(stateOf(first, 'slow') as object),
  state: 'unwell',
  detail: 'no answer within 200 ms',
})

isBroken = true
// One failure is no alarm yet.
assert.deepEqual((await check()).alarms, ['slow'])
const alarmed = await check()
assert.deepEqual(alarmed.alarms, ['service', 'slow'])

isBroken = false
const recovered = await check()
assert.deepEqual(recovered.alarms, ['slow'])

await echoRef.stop()
echoRef.send({ type: 'say' })
assert.deepEqual((await check()).alarms, ['slow'])
const last = await check()
assert.deepEqual(last.alarms, ['slow', 'answer of echo', 'actor echo'])
await system.stop()

process.stdout.write(`${last.rounds} rounds over ${last.probes.length} probes
two failures in a row raised an alarm: ${alarmed.alarms.join(', ')}
one success ended it: ${recovered.alarms.join(', ')} is left, which never answers
an actor that was stopped was noticed: ${last.alarms.slice(1).join(', ')}
`)
