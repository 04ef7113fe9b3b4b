import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { runCommandLine } from '../../src/cli/run-command-line.ts'
import { createTerminal } from '../../src/cli/terminal.ts'
import { createNode } from '../../src/node/create-node.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-cli-'))
  folders.push(folder)
  const firewall = {
    sources: [{ kind: 'user', prefix: 'vault', confidentiality: 'private', integrity: 'trusted' }],
    sinks: [{ kind: 'memory', prefix: 'memory/default/board', external: true, clearance: 'private' }],
  }
  writeFileSync(join(folder, 'kernell.json'), JSON.stringify({ discover: false, providers: {}, firewall }), {
    mode: 0o600,
  })
  return folder
}

type Run = { readonly exitCode: number; readonly json: Record<string, unknown>; readonly text: string }

/** Runs a command line in this process on a node of its own, as often as it is called: each is a restart. */
async function run(folder: string, ...words: string[]): Promise<Run> {
  let output = ''
  let errors = ''
  const environment = { KERNELL_DATA_DIR: join(folder, 'data'), KERNELL_CONFIG: join(folder, 'kernell.json') }
  const exitCode = await runCommandLine(words, {
    terminal: createTerminal({
      output: { write: (text) => (output += text) },
      errors: { write: (text) => (errors += text) },
      environment,
    }),
    environment,
    workingDir: folder,
    signal: new AbortController().signal,
    version: '0.0.0',
    createNode: async (config) => await createNode({ config, environment }),
    readStandardInput: async () => await Promise.resolve(new Uint8Array()),
  })
  const json = output.startsWith('{') ? (JSON.parse(output) as Record<string, unknown>) : {}
  return { exitCode, json, text: output + errors }
}

const LETTER = {
  id: 'letter',
  kind: 'document',
  locator: 'request/letter',
  confidentiality: 'internal',
  integrity: 'untrusted',
}
const NOTE = {
  id: 'note',
  kind: 'memory',
  locator: 'memory/default/note',
  confidentiality: 'internal',
  integrity: 'trusted',
}
const VAULT = { id: 'vault', kind: 'user', locator: 'vault', confidentiality: 'private', integrity: 'trusted' }
const TO = {
  out: { id: 'out', kind: 'reply', locator: 'chat' },
  keep: { id: 'keep', kind: 'memory', locator: 'memory/default/note' },
  board: { id: 'board', kind: 'memory', locator: 'memory/default/board' },
  script: { id: 'script', kind: 'execute', locator: 'sandbox/script' },
  web: { id: 'web', kind: 'network', locator: 'https://collector.example/' },
}

function planOf(
  source: { readonly id: string; readonly [member: string]: string },
  sink: keyof typeof TO,
  more: object = {},
): object {
  const steps = [{ id: 'act', action: 'act', uses: [source.id], sink }]
  return { proposedBy: 'agent', writtenAfter: [], sources: [source], sinks: [TO[sink]], steps, ...more }
}

function write(folder: string, plan: object): string {
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan))
  return 'plan.json'
}

const LETTER_TEXT = ['--text', 'request/letter=console.log(6 * 7)', '--text', 'vault=4711']

describe('kernell firewall', () => {
  const both = planOf(LETTER, 'board', {
    sources: [LETTER, VAULT],
    steps: [{ id: 'act', action: 'act', uses: ['letter', 'vault'], sink: 'board' }],
  })
  const rules: readonly (readonly [string, object])[] = [
    ['FIREWALL_DATA_UNDECLARED', planOf(LETTER, 'out', { sources: [] })],
    ['FIREWALL_SOURCE_FORGED', planOf({ ...LETTER, integrity: 'trusted' }, 'out')],
    ['FIREWALL_SINK_UNDECLARED', planOf(LETTER, 'web')],
    ['FIREWALL_EXFILTRATION', both],
    ['FIREWALL_UNTRUSTED_EXECUTION', planOf(LETTER, 'script')],
  ]
  it.each(rules)('says %s before a plan is carried out, and when it is to be', async (code, plan) => {
    const folder = makeFolder()
    const file = write(folder, plan)
    const checked = await run(folder, 'firewall', 'check', file, '--json')
    expect(checked).toMatchObject({ exitCode: 3, json: { allowed: false, refusals: [{ code }] } })
    const carried = await run(folder, 'firewall', 'run', file, ...LETTER_TEXT, '--json')
    expect(carried).toMatchObject({ exitCode: 3, json: { error: { code } } })
    expect((await run(folder, 'firewall', 'run', file, ...LETTER_TEXT)).text).toContain(code)
  })

  it('carries a plan out, and knows afterwards what was stored', async () => {
    const folder = makeFolder()
    const kept = await run(folder, 'firewall', 'run', write(folder, planOf(LETTER, 'keep')), ...LETTER_TEXT, '--json')
    expect(kept).toMatchObject({ exitCode: 0, json: { steps: [{ id: 'act', integrity: 'untrusted' }] } })
    const label = await run(folder, 'firewall', 'label', 'memory/default/note')
    expect(label.text).toBe('internal, untrusted, from request/letter\n')
    const shown = await run(folder, 'firewall', 'run', write(folder, planOf(NOTE, 'out')), '--json')
    expect(shown).toMatchObject({ exitCode: 0, json: { output: 'console.log(6 * 7)' } })
    const executed = await run(folder, 'firewall', 'run', write(folder, planOf(NOTE, 'script')), '--json')
    expect(executed.json).toMatchObject({ error: { code: 'FIREWALL_UNTRUSTED_EXECUTION' } })
  })

  it('lets an approved plan pass once, and no other', async () => {
    const folder = makeFolder()
    const plan = planOf(LETTER, 'script')
    const approved = await run(folder, 'firewall', 'approve', write(folder, plan), '--step', 'act', '--json')
    const approval = String(approved.json['approval'])
    const words = ['--approval', approval, ...LETTER_TEXT, '--json']
    write(folder, { ...plan, proposedBy: 'somebody else' })
    const altered = await run(folder, 'firewall', 'run', 'plan.json', ...words)
    expect(altered).toMatchObject({ exitCode: 3, json: { error: { code: 'APPROVAL_OTHER_PLAN' } } })
    write(folder, plan)
    expect(await run(folder, 'firewall', 'run', 'plan.json', ...words)).toMatchObject({ exitCode: 0 })
    expect((await run(folder, 'firewall', 'run', 'plan.json', ...words)).json).toMatchObject({
      error: { code: 'APPROVAL_USED' },
    })
    const { json } = await run(folder, 'audit', 'list', '--json')
    const types = (json['entries'] as { event: { type: string; reason?: string } }[]).map(
      ({ event }) => event.reason ?? event.type,
    )
    expect(types).toEqual(['plan-approved', 'APPROVAL_OTHER_PLAN', 'call-granted', 'APPROVAL_USED'])
  })

  it('says what is wrong with a command or a plan', async () => {
    const folder = makeFolder()
    const wrong: readonly (readonly [string, readonly string[]])[] = [
      ['COMMAND_INVALID', ['check']],
      ['COMMAND_INVALID', ['check', 'missing.json']],
      ['COMMAND_INVALID', ['approve', write(folder, planOf(LETTER, 'script'))]],
      ['REQUEST_INVALID', ['approve', 'plan.json', '--step', 'other']],
      ['COMMAND_INVALID', ['run', 'plan.json', '--text', 'nothing']],
      ['REQUEST_INVALID', ['run', write(folder, planOf(LETTER, 'out'))]],
      ['FIREWALL_PLAN_INVALID', ['check', write(folder, { steps: [] })]],
    ]
    for (const [code, words] of wrong.toReversed()) {
      if (words.includes('plan.json') && code !== 'FIREWALL_PLAN_INVALID') write(folder, planOf(LETTER, 'out'))
      const { json, exitCode } = await run(folder, 'firewall', ...words, '--json')
      expect(json).toMatchObject({ error: { code } })
      expect(exitCode).not.toBe(0)
    }
  })
})
