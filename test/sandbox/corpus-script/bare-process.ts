import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Gives a list of attacks to a program beside this file, which runs them uncontained in a process of its own, and returns what they reached. */
export async function runBareProcess(program: string, attacks: readonly unknown[]): Promise<readonly unknown[]> {
  const file = fileURLToPath(new URL(program, import.meta.url))
  const output = await new Promise<string>((resolve, reject) => {
    const child = execFile(process.execPath, ['--no-warnings', file], { env: { PLANTED: 'secret' } }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    )
    child.stdin?.end(JSON.stringify(attacks))
  })
  return JSON.parse(output) as readonly unknown[]
}
