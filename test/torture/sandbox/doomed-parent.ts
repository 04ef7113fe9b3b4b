/** A process that runs hostile programs in one runtime, two at a time and for ever, until its torturer kills it. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SandboxRuntimeName } from '../../../src/core/sandbox/isolation.ts'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { attacksOf, requestOf } from './attacks.ts'
import { type GuestPlace, openRuntime, programsOf } from './sandbox-subjects.ts'

const { name, seed, place, home, plant } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly name: SandboxRuntimeName
  readonly seed: number
  readonly place: GuestPlace
  readonly home: string
  readonly plant: string
}
if (plant === 'survivor') spawn('/bin/sleep', ['30'], { detached: true, stdio: 'ignore' }).unref()
if (plant === 'directory') writeFileSync(join(tmpdir(), 'stray'), '')
const random = createRandomStream(seed)
const programs = await programsOf(name)
const attacks = attacksOf(programs)
const runtime = openRuntime(name, { place, home, concurrencyMax: 2 })
await runtime.probe()
process.stdout.write('ready\n')
const turns = [0, 1].map(async () => {
  for (;;) {
    const attack = attacks[random.nextBelow(attacks.length)]
    if (attack !== undefined) await runtime.run(requestOf(name, programs, attack))
  }
})
await Promise.all(turns)
