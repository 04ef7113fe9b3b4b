import { resolve } from 'node:path'
import type { JsonValue } from '../base/canonical-json.ts'
import { CodedError } from '../base/errors.ts'
import { INPUT_BYTES_MAX, type InputFile, inputFileSize, openInputFile } from '../node/market/input-file.ts'
import { unreadableFile } from '../node/unreadable-file.ts'
import { pieceBytesAt } from '../wire/v1/piece-list.ts'
import type { CommandContext } from './command.ts'
import { requiredFlag, usageError } from './flags.ts'
import type { MarketControl } from './market-control.ts'
import { numberOf, textOf, textsOf } from './registered-policies.ts'
import { type ResultPlace, type Sink, unwrittenResult, writeToPlace } from './result-file.ts'
import type { Terminal } from './terminal.ts'

/** Pieces that one request carries, either way. */
const PIECES_AT_ONCE = 8

/** Bytes of the file of `--input`, where it goes over in pieces; `undefined` where it fits one request. Throws `COMMAND_INVALID`. */
export async function largeInputSize(context: InputContext): Promise<number | undefined> {
  return await withInput(context, inputFileSize)
}

/** The file itself, each piece of which is read for its name. Throws `COMMAND_INVALID`, and the signal's reason. */
export async function largeInput(context: InputContext): Promise<InputFile | undefined> {
  return await withInput(context, async (path) => await openInputFile(path, context.signal))
}

type InputContext = Pick<CommandContext, 'flags' | 'workingDir' | 'signal'>

async function withInput<Result>(
  { flags, workingDir }: InputContext,
  read: (path: string) => Promise<Result>,
): Promise<Result> {
  const file = requiredFlag(flags, 'input')
  try {
    return await read(resolve(workingDir, file))
  } catch (cause: unknown) {
    if (CodedError.is(cause)) throw cause
    if (cause instanceof RangeError) throw tooLarge(file)
    throw unreadableFile('COMMAND_INVALID', { named: `The file ${file}`, file, cause })
  }
}

function tooLarge(file: string): CodedError {
  return usageError(`The file ${file} is larger than any input may be, ${INPUT_BYTES_MAX} bytes`, {
    file,
    bytesMax: INPUT_BYTES_MAX,
    remedy: 'Send less: an input has no more than that, and than market.artifactBytesMax of the node.',
  })
}

/** Hands a file in, those of its pieces that the node does not have yet. A command that was broken off goes on where it was. */
export async function handIn(
  { ask }: Pick<MarketControl, 'ask'>,
  { key, file, terminal }: { readonly key: string; readonly file: InputFile; readonly terminal: Terminal },
): Promise<void> {
  const { missing } = { missing: textsOf(await ask({ op: 'input-begin', key, inputList: file.list }), 'missing') }
  const indexes = missing.map((hash) => file.pieces.indexOf(hash))
  const progress = terminal.startProgress('input to the node', indexes.length)
  try {
    for (let at = 0; at < indexes.length; at += PIECES_AT_ONCE) {
      const pieces: string[] = []
      for (const index of indexes.slice(at, at + PIECES_AT_ONCE))
        pieces.push(Buffer.from(await file.piece(index)).toString('base64url'))
      await ask({ op: 'input-pieces', key, pieces })
      progress.advance(Math.min(indexes.length, at + PIECES_AT_ONCE))
    }
  } finally {
    progress.finish()
  }
}

/** What a result is: its bytes, or the names of its pieces. */
export type Result =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'pieces'; readonly sizeBytes: number; readonly pieces: readonly string[] }

/** The result of a contract; `undefined` where it is not here. */
export async function resultOf({ ask }: Pick<MarketControl, 'ask'>, view: JsonValue): Promise<Result | undefined> {
  const hash = textOf(view, 'resultHash')
  if (hash === '') return undefined
  try {
    const answer = await ask({ op: 'result', hash, contract: textOf(view, 'contract') })
    const sizeBytes = numberOf(answer, 'sizeBytes')
    if (sizeBytes !== undefined) return { kind: 'pieces', sizeBytes, pieces: textsOf(answer, 'pieces') }
    return { kind: 'whole', bytes: new Uint8Array(Buffer.from(textOf(answer, 'bytes'), 'base64url')) }
  } catch (error: unknown) {
    if (CodedError.is(error, 'MARKET_OBJECT_UNKNOWN')) return undefined
    throw error
  }
}

/** Writes a result, a few pieces at a time. Throws `STORE_WRITE_FAILED`, and what the node answers. */
export async function writeResult(
  { ask }: Pick<MarketControl, 'ask'>,
  { result, place, terminal }: { readonly result: Result; readonly place: ResultPlace; readonly terminal: Terminal },
): Promise<void> {
  try {
    await writeToPlace(place, async (sink) => {
      if (result.kind === 'whole') await sink(result.bytes)
      else await writePieces(ask, { sink, list: result, terminal })
    })
  } catch (error: unknown) {
    throw unwrittenResult(place.file, error)
  }
}

async function writePieces(
  ask: MarketControl['ask'],
  {
    sink,
    list,
    terminal,
  }: { readonly sink: Sink; readonly list: Extract<Result, { kind: 'pieces' }>; readonly terminal: Terminal },
): Promise<void> {
  const { pieces: names } = list
  const progress = terminal.startProgress('result from the node', names.length)
  try {
    for (let at = 0; at < names.length; at += PIECES_AT_ONCE) {
      const asked = names.slice(at, at + PIECES_AT_ONCE)
      const answer = await ask({ op: 'result-pieces', hashes: asked.join(',') })
      const pieces = textsOf(answer, 'pieces').map((piece) => Buffer.from(piece, 'base64url'))
      // A file of that name may be shorter than a piece: then this is no result.
      if (asked.some((_, index) => pieces[index]?.byteLength !== pieceBytesAt(list, at + index)))
        throw new CodedError('MARKET_OBJECT_UNKNOWN', { message: 'A file of the result is no piece of it' })
      for (const piece of pieces) await sink(piece)
      progress.advance(at + asked.length)
    }
  } finally {
    progress.finish()
  }
}
