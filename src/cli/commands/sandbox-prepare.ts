import { resolve } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { diagnoseSandboxes } from '../../node/diagnosis/diagnose-sandboxes.ts'
import { type PartOutcome, prepareSandboxes } from '../../node/sandbox/prepare-sandboxes.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { choiceFlag, textFlag, usageError } from '../flags.ts'

const PARTS = ['all', 'container', 'machine'] as const
const RUNTIME_OF = { container: 'docker', machine: 'microvm' } as const

/** Makes what containers and machines of sandboxes start from. */
export const sandboxPrepareCommand: Command = {
  name: 'sandbox prepare',
  summary: 'make what containers and machines of sandboxes start from, and try them out',
  synopsis: '[--only container|machine] [--kernel FILE | --package DEB] [--image NAME]',
  flags: {
    only: { value: 'PART', describe: 'container, machine or all (default: all)' },
    kernel: {
      value: 'FILE',
      describe: 'kernel of machines (default: sandbox.kernel, or one in /boot that is for machines)',
    },
    package: { value: 'DEB', describe: 'a package of Debian that holds the kernel; it is not installed' },
    image: { value: 'NAME', describe: 'name of the image in the engine (default: sandbox.image)' },
  },
  details: [
    'Nothing is downloaded. The supervisor, which holds programs to their limits, is compiled here (packages gcc and libc6-dev); containers and machines hold busybox (package busybox-static) and what a run gives them. An engine of containers has to run: Docker, or Podman as a service.',
    'The files lie in sandbox.directory of the configuration. `kernell doctor` says what is prepared. Ends with 1 when a part could not be made or does not work.',
  ],
  examples: [
    'kernell sandbox prepare',
    'kernell sandbox prepare --only machine --package ./linux-image-6.1.0-cloud-amd64.deb',
  ],
  async run(context) {
    const { flags, workingDir, terminal, isJson, signal } = context
    const only = choiceFlag(flags, 'only', PARTS) ?? 'all'
    const [file, deb] = [textFlag(flags, 'kernel'), textFlag(flags, 'package')]
    if (file !== undefined && deb !== undefined) throw usageError('Give --kernel or --package, not both')
    const path = file ?? deb
    const image = textFlag(flags, 'image')
    const settings = { ...context.loadConfig().sandbox, ...(image !== undefined && { image }) }
    const outcomes = await prepareSandboxes({
      settings,
      kernel:
        path === undefined
          ? undefined
          : { kind: deb === undefined ? 'file' : 'package', path: resolve(workingDir, path) },
      parts: only === 'all' ? undefined : [only],
      signal,
    })
    const made = outcomes.flatMap(({ part, isMade }) => (isMade && part !== 'supervisor' ? [RUNTIME_OF[part]] : []))
    const tried = (await diagnoseSandboxes(signal, { settings, only: made })).filter(
      ({ name }) => name !== 'sandbox files',
    )
    if (!isJson) for (const outcome of outcomes) tell(context, outcome)
    if (!isJson) for (const { name, detail } of tried) terminal.print(`${name}: ${detail}`)
    const missing = outcomes.filter(({ isMade }) => !isMade)
    if (missing.length > 0) throw failureOf(outcomes)
    const failed = tried.filter(({ state }) => state !== 'ok')
    if (isJson) terminal.printJson({ directory: settings.directory, parts: outcomes.map(documentOf), tried })
    for (const { remedy } of failed) if (remedy !== undefined) terminal.note(remedy)
    return failed.length === 0 ? EXIT_CODES.done : EXIT_CODES.failed
  },
}

function tell({ terminal }: CommandContext, outcome: PartOutcome): void {
  if (outcome.isMade) terminal.print(`${outcome.part}: ${outcome.detail}`)
}

function documentOf(outcome: PartOutcome): unknown {
  return outcome.isMade
    ? { part: outcome.part, made: true, detail: outcome.detail }
    : { part: outcome.part, made: false, reason: outcome.reason, remedy: outcome.remedy }
}

function failureOf(outcomes: readonly PartOutcome[]): CodedError {
  const missing = outcomes.flatMap((outcome) => (outcome.isMade ? [] : [outcome]))
  return new CodedError('SANDBOX_PART_MISSING', {
    message: missing.map(({ part, reason }) => `${part}: ${reason}`).join('; '),
    details: { parts: outcomes.map(documentOf), remedy: missing.map(({ remedy }) => remedy).join(' ') },
  })
}
