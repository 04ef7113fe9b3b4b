/**
 * `node run-program.ts CONTESTANT CASE SIZE`: one case on one contestant in a process of its own. The last line on stdout is a JSON object of
 * figures. A program whose messages were lost may leave errors that nobody listens to; they are counted as `errors`.
 */
import type { Program } from './programs/program.ts'

const [contestant = '', name = '', size = '0'] = process.argv.slice(2)
const errors: unknown[] = []
process.on('uncaughtException', (error) => errors.push(error))

const { programs } = (await import(new URL(`programs/${contestant}.ts`, import.meta.url).href)) as {
  readonly programs: Readonly<Record<string, Program>>
}
const program = programs[name]
if (program === undefined) throw new Error(`${contestant} has no program ${name}`)
const figures = await program(Number(size)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
})
for (const error of errors.slice(0, 1))
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
process.stdout.write(`${JSON.stringify({ ...figures, errors: errors.length })}\n`)
process.exit(0)
