import type { SandboxProgram } from '../../../src/ports/sandbox-runtime.ts'
import type { SandboxSubject } from '../../../src/testing/index.ts'

const shell = (script: string): SandboxProgram => ({ kind: 'command', argv: ['/bin/sh', '-c', script] })

/** The suite's behaviours as commands of busybox, and of a program of attacks where a shell would give up by itself. */
export const BUSYBOX_PROGRAMS: SandboxSubject['programs'] = {
  greets: shell('echo hello; echo oops >&2'),
  exitsWithSeven: shell('exit 7'),
  fails: shell('kill -SEGV $$'),
  echoesInput: { kind: 'command', argv: ['/bin/cat'] },
  readsFile: { kind: 'command', argv: ['/bin/cat', 'in/text'] },
  writesFiles: shell('mkdir out; echo made > out/made; ln -s /etc/passwd out/link'),
  listsDirectory: { kind: 'command', argv: ['/bin/ls'] },
  greetsThenWaits: shell('echo ready; exec sleep 1000'),
  computesForever: shell('while :; do :; done'),
  takesMemory: { kind: 'command', argv: ['/bin/probe', 'private', '100000000000'] },
  startsProcesses: { kind: 'command', argv: ['/bin/probe', 'forks', '1000'] },
  floodsOutput: { kind: 'command', argv: ['/usr/bin/yes'] },
  fillsDirectory: shell('while :; do cat /dev/zero >> fill; done 2>/dev/null'),
  printsEnvironment: { kind: 'command', argv: ['/usr/bin/env'] },
  triesNetwork: shell(
    'read port; if nc -w 1 127.0.0.1 $port </dev/null 2>/dev/null; then echo connected; else echo refused; fi',
  ),
}
