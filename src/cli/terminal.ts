import { createRequire } from 'node:module'
import type { SingleBar as Bar } from 'cli-progress'
import type { Environment } from '../node/config/environment-document.ts'
import { visibleText } from './visible-text.ts'

/** Where text goes; streams of a process, or buffers in tests. */
export type OutputStream = {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly fd?: number
  write(piece: string | Uint8Array): unknown
}

export type TerminalInit = {
  readonly output: OutputStream
  readonly errors: OutputStream
  readonly environment: Environment
}

export type TextStyle = 'bold' | 'dim' | 'green' | 'yellow' | 'red'

/** Says how far a long command is. */
export type Progress = {
  readonly advance: (done: number, note?: string) => void
  /** Removes the bar. Idempotent. */
  readonly finish: () => void
}

/** Passes on what comes in pieces. */
export type Relay = {
  readonly take: (piece: Uint8Array) => void
  /** Ends the line on a terminal where it is not. */
  readonly end: () => void
}

/** The reader at the other end: results go to `output`, everything else to `errors`. */
export type Terminal = {
  /** Columns that prose is wrapped at: those of the terminal, or COLUMNS; 100 where neither says. */
  readonly width: number
  /** Columns that a line of the output is cut at: as `width`, but Infinity in a pipe or file, where nothing is cut. */
  readonly cutWidth: number
  /** As `cutWidth`, for remarks. */
  readonly noteWidth: number
  /** Text for people, on the output. A line end is added. */
  print(text: string): void
  /** One JSON document on one line, on the output. */
  printJson(value: unknown): void
  /** What others wrote, piece by piece: as it is in a pipe or file, and on a terminal without what would act on it. */
  relay(to: 'output' | 'errors'): Relay
  /** Where remarks go, for a log that is written as it comes. */
  readonly errors: OutputStream
  /** A remark that is not part of the result. */
  note(text: string): void
  /** Coloured where the output is a terminal that wants colours. */
  style(style: TextStyle, text: string): string
  /** Whether remarks are read as they come, on a terminal with bars. */
  readonly hasBars: boolean
  /** A bar on a terminal; nothing elsewhere. */
  startProgress(label: string, total: number): Progress
}

const CODES: Readonly<Record<TextStyle, string>> = { bold: '1', dim: '2', green: '32', yellow: '33', red: '31' }

/** Makes the terminal of one command. NO_COLOR and a `dumb` terminal switch colours off, FORCE_COLOR switches them on. */
export function createTerminal(init: TerminalInit): Terminal {
  const { output, errors, environment } = init
  const wantsColour = !environment.NO_COLOR && environment.TERM !== 'dumb'
  const isColoured =
    wantsColour && (output.isTTY === true || (environment.FORCE_COLOR !== undefined && environment.FORCE_COLOR !== '0'))
  return {
    width: columnsOf(output, environment) ?? WIDTH_DEFAULT,
    cutWidth: columnsOf(output, environment) ?? Number.POSITIVE_INFINITY,
    noteWidth: columnsOf(errors, environment) ?? Number.POSITIVE_INFINITY,
    errors,
    print: (text) => void output.write(`${text}\n`),
    printJson: (value) => void output.write(`${JSON.stringify(value)}\n`),
    relay: (to) => relayTo(to === 'output' ? output : errors),
    note: (text) => void errors.write(`${text}\n`),
    style: (style, text) => (isColoured ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text),
    hasBars: errors.isTTY === true,
    startProgress: (label, total) => (errors.isTTY === true && total > 0 ? startBar(label, total, errors) : SILENT),
  }
}

function relayTo(stream: OutputStream): Relay {
  if (stream.isTTY !== true) return { take: (piece) => void stream.write(piece), end: () => undefined }
  const decoder = new TextDecoder()
  let last = '\n'
  const show = (text: string): void => {
    if (text === '') return
    last = text.at(-1) ?? last
    stream.write(visibleText(text))
  }
  return {
    take: (piece) => show(decoder.decode(piece, { stream: true })),
    end: () => {
      show(decoder.decode())
      if (last !== '\n') stream.write('\n')
    },
  }
}

const WIDTH_MIN = 20
const WIDTH_DEFAULT = 100

/** COLUMNS is what the reader says, so it wins over what the terminal says. */
function columnsOf({ columns }: OutputStream, { COLUMNS }: Environment): number | undefined {
  const said = COLUMNS !== undefined && /^[1-9]\d{0,5}$/.test(COLUMNS) ? Number(COLUMNS) : columns
  return said === undefined || said === 0 ? undefined : Math.max(WIDTH_MIN, said)
}

const SILENT: Progress = { advance: () => undefined, finish: () => undefined }

function startBar(label: string, total: number, stream: OutputStream): Progress {
  const columns = stream.columns ?? 80
  // Most runs have no bar.
  const { SingleBar } = createRequire(import.meta.url)('cli-progress') as { SingleBar: typeof Bar }
  const bar = new SingleBar({
    // The library asks for a whole stream and uses what a terminal has.
    stream: stream as NodeJS.WritableStream,
    format: columns < 60 ? '{bar} {value}/{total}' : `${label} {bar} {value}/{total}{note}, {eta_formatted} left`,
    barsize: Math.max(8, Math.min(40, columns - label.length - 36)),
    barCompleteChar: '#',
    barIncompleteChar: '-',
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
  })
  bar.start(total, 0, { note: '' })
  let isRunning = true
  return {
    advance: (done, note = '') => {
      if (isRunning) bar.update(Math.min(done, total), { note: note === '' ? '' : `, ${note}` })
    },
    finish: () => {
      if (isRunning) bar.stop()
      isRunning = false
    },
  }
}
