/** Whether a path leads to a readable file. */
export type FileProbe = (path: string) => boolean
