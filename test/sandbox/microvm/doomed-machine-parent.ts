/** A process that runs a program in a machine, says so, and is then killed by its test. */
import { createMicrovmSandbox } from '../../../src/sandbox/microvm/create-microvm-sandbox.ts'
import { probeRequest } from '../guest/hostile-cases.ts'

const [, , kernel = '', initialFiles = '', home = ''] = process.argv
const sandbox = createMicrovmSandbox({ image: { kernel, initialFiles }, home })
const argv = ['/bin/sh', '-c', 'trap "" HUP TERM INT; setsid sleep 1000 & echo ready; wait']
await sandbox.run(probeRequest('t5', { argv, limits: { wallMs: 60_000 } }), {
  onOutput: (_stream, piece) => process.stdout.write(piece),
})
