/** A process that has a program wait at its gate, says which process that is, and is then killed by its test. */
import { SANDBOX_LIMIT_DEFAULTS } from '../../../src/core/sandbox/sandbox-policy.ts'
import { OwnedRuns, RUN_VARIABLE } from '../../../src/sandbox/process/owned-runs.ts'
import { findTools } from '../../../src/sandbox/subprocess/find-tools.ts'
import { Gate } from '../../../src/sandbox/subprocess/gate.ts'
import { Launch } from '../../../src/sandbox/subprocess/launch.ts'
import { planLaunch } from '../../../src/sandbox/subprocess/launch-plan.ts'
import { systemCallFilter } from '../../../src/sandbox/subprocess/seccomp/system-call-filter.ts'

const [, , home] = process.argv
const runs = new OwnedRuns(home)
const tools = await findTools({ useControlGroups: false, bubblewrap: undefined })
const gate = await Gate.make(tools.mkfifo, runs.open().directory)
const argv = ['/bin/sleep', '1000'] as const
const plan = planLaunch({
  request: {
    program: { kind: 'command', argv },
    policy: {
      isolation: 't3',
      limits: SANDBOX_LIMIT_DEFAULTS,
      network: { hosts: [] },
      environment: [],
      paths: { read: [], write: [] },
      allowEmulation: false,
    },
  },
  argv,
  environment: {},
  bound: [],
  filter: systemCallFilter({
    architecture: tools.architecture,
    countsUnmappedMemory: false,
    bindsPaths: false,
    hasWayOut: false,
  }),
  gate: gate.descriptor,
  countsUnmappedMemory: false,
})
const launch = await Launch.start({
  bubblewrap: tools.bubblewrap,
  plan,
  gate,
  environment: { [RUN_VARIABLE]: `kernell-sandbox-${runs.owner}-1` },
  user: tools.user,
  stdin: undefined,
  onOutput: () => {},
  complaint: () => '',
  signal: new AbortController().signal,
})
process.stdout.write(JSON.stringify({ outer: launch.program.identity, first: launch.first }))
process.stdin.resume()
