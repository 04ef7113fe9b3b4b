import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { SandboxFile } from '../ports/sandbox-runtime.ts'
import type { CommandContext } from './command.ts'
import { listFlag, textFlag, usageError } from './flags.ts'

/** Files of a program's directory that are kept on this machine. */
export type KeptFiles = {
  readonly names: readonly string[]
  /** Writes those that there are. Files that nobody trusts are never executable, and never written over something. */
  write(files: readonly SandboxFile[]): void
}

/** What `--file-out` and `--output` ask for. Throws `COMMAND_INVALID` before anything runs where a file is there already. */
export function keptFiles({ flags, workingDir }: Pick<CommandContext, 'flags' | 'workingDir'>): KeptFiles {
  const names = listFlag(flags, 'file-out')
  const folder = resolve(workingDir, textFlag(flags, 'output') ?? '.')
  const taken = names.map((name) => join(folder, name)).find((file) => existsSync(file))
  if (taken !== undefined) throw usageError(`${taken} is there already: move it, or name another folder with --output`)
  return {
    names,
    write: (files) => {
      for (const { path, bytes } of files) {
        // A path out of the directory was refused before the program began.
        const file = join(folder, path)
        mkdirSync(dirname(file), { recursive: true })
        writeFileSync(file, bytes, { flag: 'wx', mode: 0o600 })
      }
    },
  }
}
