import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { messageOf } from '../state/node-state.ts'
import { DialogActs } from './dialog-acts.tsx'

type DialogProps = { readonly title: string; readonly onClose: () => void; readonly children: ComponentChildren }

/** A window over the page; focus goes into it and back to where it was. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const element = dialog.current
    element?.showModal()
    return () => element?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose()
      }}
    >
      <div class="dialog-body">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  )
}

export type Confirmation = {
  readonly title: string
  readonly text: ComponentChildren
  /** What the button says. */
  readonly act: string
  readonly isDangerous?: boolean
  /** Does it; what it throws is shown, and the window stays. */
  readonly run: (reason: string) => Promise<unknown>
}

/** Asks before something is done that others notice, and why: that is written down with it. */
export function Confirm({
  confirmation,
  onClose,
}: {
  readonly confirmation: Confirmation
  readonly onClose: () => void
}) {
  const [reason, setReason] = useState('')
  const [failure, setFailure] = useState<string>()
  const [isRunning, setRunning] = useState(false)
  const { title, text, act, isDangerous, run } = confirmation
  const submit = (event: Event): void => {
    event.preventDefault()
    setRunning(true)
    setFailure(undefined)
    run(reason).then(onClose, (error: unknown) => {
      setRunning(false)
      setFailure(messageOf(error))
    })
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        <div class="dialog-text">{text}</div>
        <label class="field">
          <span>Why (written into the journal)</span>
          <input type="text" maxLength={200} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        <DialogActs act={act} isDangerous={isDangerous} isRunning={isRunning} failure={failure} onClose={onClose} />
      </form>
    </Dialog>
  )
}
