import { Words } from './words.tsx'

export type DialogActsProps = {
  /** On the button that does it. */
  readonly act: string
  readonly isDangerous: boolean | undefined
  readonly isRunning: boolean
  /** Why it was not done, last time. */
  readonly failure: string | undefined
  readonly onClose: () => void
}

/** The end of a dialog: what went wrong, and its two buttons. */
export function DialogActs({ act, isDangerous, isRunning, failure, onClose }: DialogActsProps) {
  return (
    <>
      {failure !== undefined && (
        <div class="notice bad" role="alert">
          <Words text={failure} most={600} />
        </div>
      )}
      <div class="dialog-acts">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class={isDangerous === true ? 'danger' : 'primary'} disabled={isRunning}>
          {isRunning ? 'Working …' : act}
        </button>
      </div>
    </>
  )
}
