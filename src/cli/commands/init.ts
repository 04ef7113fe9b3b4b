import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { EXAMPLE_CONFIG } from '../../node/config/example-config.ts'
import { defaultConfigFile } from '../../node/config/load-config.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, textFlag } from '../flags.ts'

/** Writes the commented example; an existing file is left alone unless `--force` says otherwise. */
export const initCommand: Command = {
  name: 'init',
  summary: 'write a commented configuration file',
  synopsis: '[FILE]',
  positionalsMax: 1,
  flags: { force: { describe: 'replace a file that is there' } },
  details: [
    'Without FILE it is written where every command looks for it. An unedited file changes nothing: each line shows a default or is commented out.',
  ],
  examples: ['kernell init', 'kernell init ./kernell.jsonc && kernell serve --config ./kernell.jsonc'],
  async run({ positionals, flags, terminal, isJson, workingDir }) {
    const file = resolve(workingDir, positionals[0] ?? textFlag(flags, 'config') ?? defaultConfigFile())
    write(file, isFlagSet(flags, 'force'))
    if (isJson) terminal.printJson({ file })
    else terminal.print(`Wrote ${file}. Every line explains itself; \`kernell doctor\` checks it.`)
    return await Promise.resolve(EXIT_CODES.done)
  },
}

function write(file: string, isForced: boolean): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, EXAMPLE_CONFIG, { flag: isForced ? 'w' : 'wx', mode: 0o600 })
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    const message = isThere ? `${file} is there already; --force replaces it` : `${file} cannot be written`
    throw new CodedError(isThere ? 'COMMAND_INVALID' : 'CONFIG_INVALID', { message, cause, details: { file } })
  }
}
