import { useState } from 'preact/hooks'
import { beginningOf, visibleText } from '../state/visible-text.ts'
import { shortName, shownCount } from '../state/shown-numbers.ts'

const LINE_MAX = 200
const OPENED_MAX = 20_000

type WordsProps = {
  /** Of anybody: a name, a reason, a message. */
  readonly text: string
  /** Characters that are shown at once. */
  readonly most?: number
}

/** Text of others in a line: as text, in its own direction, and no longer than there is room for. */
export function Words({ text, most = LINE_MAX }: WordsProps) {
  const { text: shown, isWhole } = beginningOf(text, most)
  return (
    <bdi class="words">
      {shown}
      {!isWhole && <span class="cut">… ({shownCount(text.length)} characters)</span>}
    </bdi>
  )
}

/** Long text of others in a block that can be opened. */
export function LongWords({ text }: { readonly text: string }) {
  const [isOpen, setOpen] = useState(false)
  const { text: shown, isWhole } = beginningOf(text, isOpen ? OPENED_MAX : 1_200)
  return (
    <div class="long-words">
      <pre tabIndex={0}>
        <bdi>{shown}</bdi>
        {!isWhole && <span class="cut">… ({shownCount(text.length)} characters)</span>}
      </pre>
      {!isWhole && !isOpen && (
        <button type="button" class="quiet" onClick={() => setOpen(true)}>
          Show more
        </button>
      )}
    </div>
  )
}

/** A long name that nobody reads: a hash, an id, a DID. */
export function Name({ text, most = 20 }: WordsProps) {
  return (
    <bdi class="name" title={beginningOf(text, LINE_MAX).text}>
      {shortName(visibleText(text.slice(0, 4_096)), most)}
    </bdi>
  )
}

/** What the node says about itself: between backticks stands what is typed. */
export function Remark({ text, most = 600 }: WordsProps) {
  const { text: shown, isWhole } = beginningOf(text, most)
  return (
    <bdi class="words">
      {shown
        .split('`')
        .map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : <span key={index}>{part}</span>))}
      {!isWhole && <span class="cut">…</span>}
    </bdi>
  )
}
