/** `npm run check`: everything that must hold before a change is done. Runs all steps, then says which failed. `--json` prints one document; `--tested` leaves out what `npm test` runs, for whoever has just run it. */

import { spawnSync } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const BIN = join(ROOT, 'node_modules', '.bin')
const isJson = process.argv.includes('--json')
const isTested = process.argv.includes('--tested')

/** Agents and examples are written against the doors as they were built. */
const STEPS = [
  { name: 'build', why: 'the package, the WASM core and the command', command: ['node', 'scripts/build.mjs'] },
  { name: 'types', why: 'the whole tree compiles', command: ['tsc', '-p', 'tsconfig.json', '--noEmit'] },
  {
    name: 'types of core',
    why: 'core and wire compile without Node and DOM',
    command: ['tsc', '-p', 'src/core/tsconfig.json', '--noEmit'],
  },
  {
    name: 'types of the dashboard',
    why: 'the page compiles with the types of browsers and without those of Node',
    command: ['tsc', '-p', 'src/dashboard/tsconfig.json', '--noEmit'],
  },
  {
    name: 'types of examples',
    why: 'the page of the example compiles against the doors',
    command: ['tsc', '-p', 'examples/browser/tsconfig.json', '--noEmit'],
  },
  { name: 'lint', why: 'rules of .oxlintrc.json', command: ['oxlint', '--type-aware'] },
  {
    name: 'format',
    why: 'npm run fix formats',
    command: ['oxfmt', '--check', 'src', 'agents', 'examples', 'test', 'scripts'],
  },
  {
    name: 'layers',
    why: 'imports point down, core is pure',
    command: ['depcruise', '--config', '.dependency-cruiser.mjs', 'src', 'agents', 'examples', 'scripts'],
  },
  {
    name: 'repository',
    why: 'rules of test/repo',
    command: ['vitest', 'run', 'test/repo', '--reporter=dot'],
    isTest: true,
  },
]

const results = STEPS.filter((step) => !(isTested && step.isTest === true)).map(runStep)
report(results)
process.exitCode = results.every((result) => result.isOk) ? 0 : 1

function runStep(step) {
  const startedAt = performance.now()
  if (!isJson) process.stderr.write(`${step.name} ...\n`)
  const [program, ...parameters] = step.command
  const run = spawnSync(program, parameters, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
    env: { ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH ?? ''}`, FORCE_COLOR: '0', NO_COLOR: '1' },
  })
  const isOk = run.status === 0
  const output = `${run.stdout ?? ''}${run.stderr ?? ''}${run.error?.message ?? ''}`
  if (!isOk) process.stderr.write(`${withoutNotice(output).trimEnd()}\n`)
  return { name: step.name, why: step.why, isOk, seconds: Math.round((performance.now() - startedAt) / 100) / 10 }
}

/** dependency-cruiser looks for an older TypeScript before it uses SWC, and says so at length; test/repo/layering.test.ts holds the same rules without it. */
function withoutNotice(output) {
  return output.replace(/\n\S* missing-tsc-transpiler:[\s\S]*?stable\.\n/, '\n')
}

function report(steps) {
  const failed = steps.filter((step) => !step.isOk)
  if (isJson) {
    process.stdout.write(`${JSON.stringify({ ok: failed.length === 0, steps })}\n`)
    return
  }
  const width = Math.max(...steps.map((step) => step.name.length))
  const lines = steps.map(
    (step) =>
      `${step.isOk ? 'ok  ' : 'FAIL'}  ${step.name.padEnd(width)}  ${String(step.seconds).padStart(5)} s  ${step.why}`,
  )
  process.stdout.write(
    `${lines.join('\n')}\n${failed.length === 0 ? 'All checks passed.' : `${failed.length} of ${steps.length} checks failed.`}\n`,
  )
}
