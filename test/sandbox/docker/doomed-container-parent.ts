/** A process that runs a program in a container, says so, and is then killed by its test. */
import { createDockerSandbox } from '../../../src/sandbox/docker/create-docker-sandbox.ts'
import { probeRequest } from '../guest/hostile-cases.ts'

const [, , image = '', supervisor = '', socketPath = '', home = ''] = process.argv
const sandbox = createDockerSandbox({ image, supervisor, socketPath, home })
const argv = ['/bin/sh', '-c', 'trap "" HUP TERM INT; setsid sleep 1000 & echo ready; wait']
await sandbox.run(probeRequest('t4', { argv, limits: { wallMs: 60_000 } }), {
  onOutput: (_stream, piece) => process.stdout.write(piece),
})
