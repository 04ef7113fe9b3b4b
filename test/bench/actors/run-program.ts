/**
 * `node run-program.ts CONTESTANT CASE SIZE`: one case on one contestant in a process of its own. The last line on stdout is a JSON object of
 * figures. A program whose messages were lost may leave errors that nobody listens to; they are counted as `errors`.
 */
import type { Figures, Program } from './programs/program.ts'

async function runProgram(contestant: string, name: string, size: number): Promise<Figures> {
  const { programs } = (await import(new URL(`programs/${contestant}.ts`, import.meta.url).href)) as {
    readonly programs: Readonly<Record<string, Program>>
  }
  const program = programs[name]
  if (program === undefined) throw new Error(`${contestant} has no program ${name}`)
  return await program(size)
}

const [contestant = '', name = '', size = '0'] = process.argv.slice(2)
const errors: unknown[] = []
process.on('uncaughtException', (error) => errors.push(error))
try {
  const figures = await runProgram(contestant, name, Number(size))
  for (const error of errors.slice(0, 1)) process.stderr.write(`${String(error)}\n`)
  process.stdout.write(`${JSON.stringify({ ...figures, errors: errors.length })}\n`)
  process.exit(0)
} catch (error: unknown) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
}
