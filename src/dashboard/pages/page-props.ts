import type { Confirmation } from '../parts/confirm.tsx'

export type PageProps = {
  /** What of the page is open, by the address. */
  readonly id: string | undefined
  /** Asks whoever looks before something is done. */
  readonly onConfirm: (confirmation: Confirmation) => void
}
