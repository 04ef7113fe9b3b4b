/** A process that runs a program in a sandbox, says so, and is then killed by its test. */
import { createSubprocessSandbox } from '../../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import { SANDBOX_LIMIT_DEFAULTS } from '../../../src/core/sandbox/sandbox-policy.ts'

const [, , home, useControlGroups] = process.argv
if (home === undefined) throw new Error('a home is needed')
const sandbox = createSubprocessSandbox({ home, useControlGroups: useControlGroups === 'true' })
await sandbox.run(
  {
    program: { kind: 'command', argv: ['/bin/sh', '-c', 'trap "" HUP TERM INT; setsid sleep 1000 & echo ready; wait'] },
    policy: {
      isolation: 't3',
      limits: { ...SANDBOX_LIMIT_DEFAULTS, wallMs: 60_000 },
      network: { hosts: [] },
      environment: [],
      paths: { read: [], write: [] },
      allowEmulation: false,
    },
  },
  { onOutput: (_stream, piece) => process.stdout.write(piece) },
)
