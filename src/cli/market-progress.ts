import type { JsonValue } from '../base/canonical-json.ts'
import { membersOf, numberOf, textOf } from './registered-policies.ts'
import type { Progress, Terminal } from './terminal.ts'
import { visibleText } from './visible-text.ts'

const PARTS = 1_000_000

type Shown = { readonly label: string; readonly donePpm: number; readonly note: string }

/** How far a purchase is, as one bar at a time on a terminal: the input on its way, the work as the seller tells of it, the result on its way. Nothing elsewhere. */
export class ProgressLine {
  private readonly terminal: Terminal
  private bar: { readonly label: string; readonly progress: Progress } | undefined

  constructor(terminal: Terminal) {
    this.terminal = terminal
  }

  show(progress: JsonValue): void {
    const shown = shownOf(progress)
    if (shown === undefined) return
    if (this.bar?.label !== shown.label) {
      this.finish()
      this.bar = { label: shown.label, progress: this.terminal.startProgress(shown.label, PARTS) }
    }
    this.bar.progress.advance(shown.donePpm, shown.note)
  }

  finish(): void {
    this.bar?.progress.finish()
    this.bar = undefined
  }
}

/** The last thing that has begun. */
function shownOf(progress: JsonValue): Shown | undefined {
  const { input = null, result = null, work = null } = membersOf(progress)
  if (result !== null) return transferOf('result', result)
  if (work !== null) {
    // A seller's words: nothing of them moves the cursor.
    const note = visibleText(textOf(work, 'text').replaceAll('\n', ' '))
    return { label: 'work, as the seller says', donePpm: numberOf(work, 'donePpm') ?? 0, note }
  }
  return input === null ? undefined : transferOf('input', input)
}

function transferOf(label: string, transferred: JsonValue): Shown {
  const [done, total] = [numberOf(transferred, 'doneBytes') ?? 0, numberOf(transferred, 'totalBytes') ?? 1]
  return { label, donePpm: Math.floor((done / total) * PARTS), note: `${done} of ${total} bytes` }
}
