/** Says what the sandbox is worth to whoever runs this: whether it works, and what a program in it is. */
import { SANDBOX_LIMIT_DEFAULTS } from '../../src/core/sandbox/sandbox-policy.ts'
import { createSubprocessSandbox } from '../../src/sandbox/subprocess/create-subprocess-sandbox.ts'

const [, , home] = process.argv
if (home === undefined) throw new Error('a home is needed')
const sandbox = createSubprocessSandbox({ home })
const state = await sandbox.probe()
const request = {
  program: { kind: 'command', argv: ['/bin/sh', '-c', 'id -u; echo made > made; cat /proc/self/fd/200 2> /dev/null'] },
  filesOut: ['made'],
  policy: {
    isolation: 't3',
    limits: SANDBOX_LIMIT_DEFAULTS,
    network: { hosts: [] },
    environment: [],
    paths: { read: [], write: [] },
    allowEmulation: false,
  },
} as const
const result = state.works ? await sandbox.run(request) : undefined
await sandbox.close()
const said = new TextDecoder().decode(result?.stdout).trim()
process.stdout.write(JSON.stringify({ state, said, files: result?.files.length ?? 0 }))
