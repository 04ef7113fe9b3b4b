import { spawnSync } from 'node:child_process'

/** Whether bubblewrap is here and may make namespaces. */
export function hasSubprocess(): boolean {
  return spawnSync('bwrap', ['--unshare-all', '--unshare-user', '--ro-bind', '/', '/', 'true']).status === 0
}

/** Whether tests of a runtime have to be left out: it is not here, and nobody said that it must be. */
export function isLeftOut(runtime: 'subprocess'): boolean {
  const isRequired = (process.env['KERNELL_REQUIRE'] ?? '').split(',').includes(runtime)
  return !isRequired && !hasSubprocess()
}
