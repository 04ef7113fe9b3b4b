import { decodeNotaryFrame, type NotaryFrame, type NotaryFrameResult } from '../../../wire/v1/notary-messages.ts'

/** Characters of all frames that are kept at most, and of one. */
const KEPT_CHARACTERS_MAX = 524_288
const FRAME_CHARACTERS_MAX = 16_384

/**
 * Frames that were read last. Members repeat what is not answered in time, decisions above all to one that is behind: what was read before is not read again. A frame is
 * never changed, so that the same one may be handed on twice.
 */
export class ReadFrames {
  /** By their text, the one that was read or repeated last at the end. */
  private readonly frames = new Map<string, NotaryFrame>()
  private characters = 0

  /** As `decodeNotaryFrame`. */
  decode(text: string): NotaryFrameResult {
    const known = this.frames.get(text)
    if (known !== undefined) {
      this.frames.delete(text)
      this.frames.set(text, known)
      return { kind: 'frame', frame: known }
    }
    const read = decodeNotaryFrame(text)
    if (read.kind === 'frame' && text.length <= FRAME_CHARACTERS_MAX) this.keep(text, read.frame)
    return read
  }

  private keep(text: string, frame: NotaryFrame): void {
    this.frames.set(text, frame)
    this.characters += text.length
    for (const [oldest] of this.frames) {
      if (this.characters <= KEPT_CHARACTERS_MAX) return
      this.frames.delete(oldest)
      this.characters -= oldest.length
    }
  }
}
