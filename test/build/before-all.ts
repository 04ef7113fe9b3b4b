import { buildPackage } from './build-package.ts'

/** Before the first test of a run: many of them start the command. */
export function setup(): void {
  buildPackage()
}
