import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../../src/base/error-codes.ts'
import { EXIT_CODES } from '../../src/cli/exit-codes.ts'
import { readRepositoryFile, ROOT } from './repository.ts'

type Manifest = {
  readonly name: string
  readonly type: string
  readonly engines: unknown
  readonly bin: unknown
  readonly files: readonly string[]
  readonly exports: Readonly<Record<string, unknown>>
  readonly scripts: Readonly<Record<string, string>>
}

const manifest = JSON.parse(readRepositoryFile('package.json')) as Manifest

describe('the package', () => {
  it('is called kernell-os, is made of modules, and brings the command kernell', () => {
    expect(manifest).toMatchObject({
      name: 'kernell-os',
      type: 'module',
      engines: { node: '>=22.18' },
      bin: { kernell: 'dist/src/cli/main.js' },
    })
  })

  it('has these doors, types first, and nothing else resolves', () => {
    const door = (folder: string): unknown => ({
      types: `./dist/src/${folder}index.d.ts`,
      default: `./dist/src/${folder}index.js`,
    })
    expect(manifest.exports).toEqual({
      '.': door(''),
      './core': door('core/'),
      './ports': door('ports/'),
      './wire': door('wire/'),
      './wasm': door('wasm/'),
      './wasm/browser': { types: './dist/wasm/browser/core.d.ts', default: './dist/wasm/browser/core.js' },
      './wasm/component': { types: './dist/wasm/component/core.d.ts', default: './dist/wasm/component/core.js' },
      './wasm/core.wasm': './dist/wasm/core.wasm',
      './actors': {
        types: './dist/src/node/actors/index.d.ts',
        browser: './dist/src/actors/index.js',
        default: './dist/src/node/actors/index.js',
      },
      './memory': door('memory/'),
      './router': door('router/'),
      './market': door('market/'),
      './keys': door('keys/'),
      './network': door('network/'),
      './network/libp2p': door('node/network/'),
      './peer-browser': door('browser/'),
      './peer-browser/bundle': { types: './dist/browser/peer.d.ts', default: './dist/browser/peer.js' },
      './learning': door('learning/'),
      './models': door('models/'),
      './sandbox': door('node/sandbox/'),
      './storage': door('storage/'),
      './telemetry': door('telemetry/'),
      './gateway': door('gateway/'),
      './agents': { types: './dist/agents/index.d.ts', default: './dist/agents/index.js' },
      './simulation': door('simulation/'),
      './testing': door('testing/'),
      './package.json': './package.json',
    })
    for (const target of Object.values(manifest.exports)) {
      if (typeof target !== 'object' || target === null) continue
      expect(Object.keys(target).filter((condition) => condition !== 'browser')).toEqual(['types', 'default'])
    }
  })

  it('leads through its doors to files that are there, for modules and for what they fetch', () => {
    const { resolve } = createRequire(join(ROOT, 'package.json'))
    const doors = Object.keys(manifest.exports).map((door) => `${manifest.name}${door.slice(1)}`)
    expect(doors.filter((door) => !existsSync(resolve(door)))).toEqual([])
    for (const inside of ['dist/wasm/core.wasm', 'dist/src/index.js', 'wasm/core.shared.wasm', 'wasm/index'])
      expect(() => resolve(`${manifest.name}/${inside}`)).toThrow(/not defined by "exports"/)
  })

  it('ships no stamp of the build, and each schema once', () => {
    // Code reads the copy in dist, beside it; the one in protocol is for readers of the repository.
    expect(manifest.files).toEqual(
      expect.arrayContaining(['!dist/wasm/sources.sha256', '!protocol/config.schema.json']),
    )
    expect(existsSync(join(ROOT, 'dist/protocol/config.schema.json'))).toBe(true)
  })

  it('is worked on through these commands', () => {
    expect(Object.keys(manifest.scripts).sort()).toEqual([
      'bench',
      'build',
      'check',
      'conformance',
      'docs',
      'example',
      'fix',
      'fuzz',
      'pin-hashes',
      'postpack',
      'prepack',
      'prepare',
      'sizes',
      'start',
      'study',
      'test',
      'test:package',
      'torture',
    ])
  })
})

describe('exit codes of the command', () => {
  it('are 0 done, 1 failed, 2 wrong usage, 3 refused by a policy or a limit, 129 ended by a closed terminal, 130 by Ctrl-C, 143 by SIGTERM', () => {
    expect(EXIT_CODES).toEqual({
      done: 0,
      failed: 1,
      usage: 2,
      refused: 3,
      hungUp: 129,
      interrupted: 130,
      terminated: 143,
    })
  })
})

describe('error codes', () => {
  it('are these: one that is taken away or renamed breaks callers', async () => {
    await expect(`${Object.keys(ERROR_CODES).sort().join('\n')}\n`).toMatchFileSnapshot('pinned-error-codes.txt')
  })
})

describe('commands', () => {
  it('live in these files, those of one subject together', () => {
    expect(readdirSync(join(ROOT, 'src/cli/commands')).sort()).toEqual([
      'a2a.ts',
      'access-budgets.ts',
      'access-entries.ts',
      'agent-export.ts',
      'agent-import.ts',
      'agent-list.ts',
      'agent-remove.ts',
      'agent-run.ts',
      'agent-stored.ts',
      'audit.ts',
      'backup-create.ts',
      'backup-restore.ts',
      'backup-verify.ts',
      'capability-grants.ts',
      'capability-views.ts',
      'dashboard.ts',
      'data-audit.ts',
      'data-build.ts',
      'data-drift.ts',
      'data-export.ts',
      'data-inspect.ts',
      'data-purge.ts',
      'data-savings.ts',
      'data-sft.ts',
      'data-split.ts',
      'doctor.ts',
      'envelope-check.ts',
      'escrow-acts.ts',
      'escrow-prove.ts',
      'escrow-replicate.ts',
      'escrow-views.ts',
      'estimate.ts',
      'evaluate-cache.ts',
      'evaluate-canary.ts',
      'evaluate-cost.ts',
      'evaluate-injection.ts',
      'evaluate-loop.ts',
      'evaluate-routing.ts',
      'evaluate-ssrf.ts',
      'firewall.ts',
      'governance-acts.ts',
      'governance-views.ts',
      'grant-acts.ts',
      'grant-views.ts',
      'init.ts',
      'key-create.ts',
      'key-export.ts',
      'key-import.ts',
      'key-recover.ts',
      'key-rotate.ts',
      'key-show.ts',
      'ledger-credits.ts',
      'ledger-proofs.ts',
      'ledger-prune.ts',
      'ledger-recovery.ts',
      'ledger-verify.ts',
      'ledger-views.ts',
      'market-attest.ts',
      'market-auction-show.ts',
      'market-auction-verify.ts',
      'market-buy.ts',
      'market-offers.ts',
      'market-prices.ts',
      'market-sellers.ts',
      'market-statement.ts',
      'mcp-servers.ts',
      'mcp.ts',
      'migrate.ts',
      'models-import.ts',
      'models-list.ts',
      'models-probe.ts',
      'models-pull.ts',
      'node.ts',
      'notary-set-advance.ts',
      'notary-set-create.ts',
      'peers.ts',
      'policy-evaluate.ts',
      'policy-learn.ts',
      'policy-list.ts',
      'policy-pause.ts',
      'policy-promote.ts',
      'policy-register.ts',
      'policy-remove.ts',
      'policy-rollback.ts',
      'policy-show.ts',
      'policy-status.ts',
      'policy-train.ts',
      'reputation-views.ts',
      'route.ts',
      'sandbox-prepare.ts',
      'sandbox-run.ts',
      'serve.ts',
      'simulate.ts',
      'stop-all.ts',
      'usage.ts',
    ])
  })
})
