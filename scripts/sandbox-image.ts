import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { guestPlace, SANDBOX_IMAGE } from '../src/node/sandbox/guest-place.ts'
import { baseFiles, buildSupervisor } from './sandbox/guest-parts.ts'
import { writeTar } from './sandbox/tar.ts'

// Makes what containers of a sandbox need, without any registry: `node scripts/sandbox-image.ts [--out DIRECTORY] [--name NAME:TAG] [--engine docker|podman] [--host unix:///PATH]`
// The supervisor goes into the directory; the image, busybox and nothing else, into the engine. gcc and busybox-static have to be installed.
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: dirname(guestPlace().supervisor) },
    name: { type: 'string', default: SANDBOX_IMAGE },
    engine: { type: 'string', default: 'docker' },
    host: { type: 'string' },
  },
})
const directory = resolve(values.out)
mkdirSync(directory, { recursive: true })
const supervisor = join(directory, 'supervisor')
buildSupervisor(supervisor)
const host = values.host === undefined ? [] : [values.engine === 'podman' ? '--url' : '--host', values.host]
execFileSync(values.engine, [...host, 'import', '-', values.name], {
  input: writeTar(baseFiles()),
  stdio: ['pipe', 'inherit', 'inherit'],
})
console.log(`The image ${values.name} is in ${values.engine}; the supervisor is ${supervisor}.`)
