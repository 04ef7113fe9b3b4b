import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findChromium } from '../browser/chromium.ts'
import { whyNoNamespaces } from '../torture/network/namespace.ts'
import { whyNoPostgres } from '../storage/postgres/postgres-cluster.ts'
import { findNode } from '../simulation/pins/platforms.ts'
import { whyNoContainer } from '../sandbox/docker/container-subject.ts'
import { whyNoMachine } from '../sandbox/guest/guest-image.ts'
import { hasSubprocess } from '../sandbox/runtimes-here.ts'
import { ROOT } from './repository.ts'

const isInstalled = (name: string): boolean => existsSync(join(ROOT, 'node_modules', name, 'package.json'))

/** What tests may skip for, and how to tell that it is there. */
const PROBES: Readonly<Record<string, () => boolean>> = {
  chromium: () => 'path' in findChromium(),
  data: () => existsSync(process.env.KERNELL_DATA ?? join(ROOT, '../shared/data')),
  docker: () => whyNoContainer() === undefined,
  gcc: () => spawnSync('gcc', ['--version']).status === 0,
  microvm: () => whyNoMachine() === undefined,
  namespaces: () => whyNoNamespaces() === undefined,
  node26: () => 'path' in findNode(26),
  postgresql: () => whyNoPostgres() === undefined,
  quickjs: () => isInstalled('quickjs-emscripten-core'),
  strace: () => spawnSync('strace', ['true']).status === 0,
  subprocess: hasSubprocess,
  systemd: () => spawnSync('systemd-analyze', ['--version']).status === 0,
  wasm: () => isInstalled('@bytecodealliance/jco-transpile'),
}

/** Where KERNELL_REQUIRE names something, a test that skips for lack of it would hide a fault: then its absence fails here. */
const required = (process.env.KERNELL_REQUIRE ?? '').split(',').filter((name) => name !== '')

describe('requirements', () => {
  it('that are named are known', () => {
    expect(required.filter((name) => PROBES[name] === undefined)).toEqual([])
  })

  it('that are named are there', () => {
    expect(required.filter((name) => PROBES[name]?.() === false)).toEqual([])
  })
})
