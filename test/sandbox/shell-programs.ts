import type { SandboxProgram } from '../../src/ports/sandbox-runtime.ts'
import type { SandboxSubject } from '../../src/testing/index.ts'

const shell = (script: string): SandboxProgram => ({ kind: 'command', argv: ['/bin/sh', '-c', script] })
/** Goes on where it cannot start another process, which `sh` does not. */
const bash = (script: string): SandboxProgram => ({ kind: 'command', argv: ['/bin/bash', '-c', script] })

/** The suite's behaviours as commands of an ordinary Linux. */
export const SHELL_PROGRAMS: SandboxSubject['programs'] = {
  greets: shell('echo hello; echo oops >&2'),
  exitsWithSeven: shell('exit 7'),
  fails: shell('kill -SEGV $$'),
  echoesInput: { kind: 'command', argv: ['/bin/cat'] },
  readsFile: { kind: 'command', argv: ['/bin/cat', 'in/text'] },
  writesFiles: shell('mkdir out; echo made > out/made; ln -s /etc/passwd out/link'),
  listsDirectory: { kind: 'command', argv: ['/bin/ls'] },
  greetsThenWaits: shell('echo ready; exec sleep 1000'),
  computesForever: shell('while :; do :; done'),
  takesMemory: { kind: 'command', argv: ['/usr/bin/tail', '/dev/zero'] },
  startsProcesses: bash('while :; do sleep 1000 & done'),
  floodsOutput: { kind: 'command', argv: ['/usr/bin/yes'] },
  fillsDirectory: shell('while :; do cat /dev/zero >> fill; done'),
  printsEnvironment: { kind: 'command', argv: ['/usr/bin/env'] },
  triesNetwork: bash(
    'read port; if (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null; then echo connected; else echo refused; fi',
  ),
}
